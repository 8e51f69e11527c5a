//! Snapshots of every format on one file; `UPDATE_SNAPSHOTS=1` writes them anew.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Findings, github, human, json, sarif};
use crate::config::{self, HostFacts, Source};

const FILE: &str = "tests/configs/formats/several.yaml";

fn findings() -> Result<Findings, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(FILE))?;
    let source = Source::Text { name: FILE.to_owned(), text };
    let host = HostFacts { memory_bytes: 1 << 30 };
    let problems = config::load(&[source], &|_| None, &host).err().ok_or("it is accepted")?;
    Ok(Findings::of(problems))
}

fn compare(extension: &str, said: &str) -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE).with_extension(extension);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, said)?;
    }
    assert_eq!(said, fs::read_to_string(&path)?, "{} says something else now", path.display());
    Ok(())
}

#[test]
fn every_format_says_the_same_of_one_file() -> Result<(), Box<dyn Error>> {
    let findings = findings()?;
    compare("human", &human(&findings))?;
    compare("json", &json::write(&findings))?;
    compare("github", &github::write(&findings))?;
    // The pages of the codes have tests of their own.
    let mut log: Value = serde_json::from_str(&sarif::write(&findings))?;
    if let Some(rules) = log.pointer_mut("/runs/0/tool/driver/rules") {
        *rules = Value::Null;
    }
    compare("sarif", &format!("{log:#}\n"))?;
    Ok(())
}

#[test]
fn a_sarif_log_has_a_rule_and_a_region_for_each_result() -> Result<(), Box<dyn Error>> {
    let log: Value = serde_json::from_str(&sarif::write(&findings()?))?;
    assert_eq!(log.pointer("/version"), Some(&Value::from("2.1.0")));
    let rules = log.pointer("/runs/0/tool/driver/rules").and_then(Value::as_array);
    let rules = rules.ok_or("no rules")?;
    let results = log.pointer("/runs/0/results").and_then(Value::as_array).ok_or("no results")?;
    assert!(!results.is_empty());
    for result in results {
        let at = result.pointer("/ruleIndex").and_then(Value::as_u64).ok_or("no index")?;
        let rule = rules.get(usize::try_from(at)?).ok_or("no rule")?;
        assert_eq!(rule.pointer("/id"), result.pointer("/ruleId"));
        assert!(rule.pointer("/help/markdown").is_some_and(Value::is_string));
        let region = result.pointer("/locations/0/physicalLocation/region").ok_or("no region")?;
        let number = |name: &str| region.get(name).and_then(Value::as_u64).unwrap_or_default();
        assert!(number("startLine") > 0 && number("startColumn") < number("endColumn"));
        assert!(result.pointer("/message/text").is_some_and(Value::is_string));
    }
    Ok(())
}

#[test]
fn a_workflow_command_cannot_be_ended_by_what_a_file_holds() -> Result<(), Box<dyn Error>> {
    let name = "a,b:c%\n::error ::x.yaml".to_owned();
    let source = Source::Text { name, text: "receivers: [".to_owned() };
    let host = HostFacts { memory_bytes: 1 << 30 };
    let problems = config::load(&[source], &|_| None, &host).err().ok_or("it is accepted")?;
    let said = github::write(&Findings::of(problems));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("::error file=a%2Cb%3Ac%25%0A%3A%3Aerror %3A%3Ax.yaml,line="),
        "{said}"
    );
    Ok(())
}

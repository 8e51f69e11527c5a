//! Every file under `tests/configs` is loaded; what is said about it must equal the `.out` file
//! beside it. `UPDATE_SNAPSHOTS=1 cargo test --test configs` writes those files anew.
//!
//! `invalid/` holds files with mistakes, `valid/` files that the Collector runs. Where one of the
//! latter asks for something that is not supported yet, its `.out` names the line.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use spanyard::config::{self, HostFacts, Loaded, Problems, Source};

const HOST: HostFacts = HostFacts { memory_bytes: 4 << 30 };

/// The environment that the files are written for.
fn env(name: &str) -> Option<String> {
    let value = match name {
        "POD_IP" => "10.1.2.3",
        "CLUSTER" => "prod-eu",
        "HOSTNAME" => "gw-0",
        "INGEST_TOKEN" => "ingest-t0ken",
        "GRAFANA_CLOUD_OTLP_ENDPOINT" => "https://otlp.example.com/otlp",
        "GRAFANA_CLOUD_BASIC" => "Z3JhZmFuYTpzM2NyZXQ=",
        _ => return None,
    };
    Some(value.to_owned())
}

fn load(path: &Path) -> Result<Result<Loaded, Problems>, Box<dyn Error>> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
    let source = Source::Text { name, text: fs::read_to_string(path)? };
    Ok(config::load(&[source], &env, &HOST))
}

/// What a user would read.
fn said(result: &Result<Loaded, Problems>) -> String {
    match result {
        Ok(loaded) => {
            let warnings = loaded.warnings.iter().map(|warning| format!("{warning}\n"));
            format!("{}accepted\n", warnings.collect::<String>())
        }
        Err(problems) => format!("{problems}\n"),
    }
}

fn files(directory: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(directory);
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    assert!(!files.is_empty(), "there are files to load");
    Ok(files)
}

/// Compares with the snapshot, or writes it.
fn compare(path: &Path, said: &str) -> Result<(), Box<dyn Error>> {
    let snapshot = path.with_extension("out");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&snapshot, said)?;
        return Ok(());
    }
    let expected = fs::read_to_string(&snapshot)?;
    assert_eq!(said, expected, "{} says something else now", path.display());
    Ok(())
}

/// Mistakes are refused, each with its place, and all of them at once.
#[test]
fn invalid_files_are_refused_with_every_problem_in_its_place() -> Result<(), Box<dyn Error>> {
    for path in files("invalid")? {
        let result = load(&path)?;
        let by_design = path.ends_with("08-shell-style-default-without-env-scheme.yaml");
        assert_eq!(result.is_ok(), by_design, "{}: {}", path.display(), said(&result));
        if let Err(problems) = &result {
            assert!(problems.as_slice().iter().all(|problem| problem.place.line > 0));
        }
        compare(&path, &said(&result))?;
    }
    Ok(())
}

/// What the Collector runs is run, or refused by the line that is not supported yet.
#[test]
fn valid_files_are_run_or_refused_as_not_supported_yet() -> Result<(), Box<dyn Error>> {
    for path in files("valid")? {
        let result = load(&path)?;
        if let Err(problems) = &result {
            for problem in problems.as_slice() {
                let error = problem.severity == config::Severity::Error;
                let known = problem.message.contains("not supported yet");
                assert!(known || !error, "{}: {problem}", path.display());
            }
        }
        compare(&path, &said(&result))?;
    }
    Ok(())
}

/// No value that is secret appears in what is said about any file.
#[test]
fn no_secret_is_shown() -> Result<(), Box<dyn Error>> {
    for directory in ["invalid", "valid"] {
        for path in files(directory)? {
            let said = said(&load(&path)?);
            for secret in ["ingest-t0ken", "Z3JhZmFuYTpzM2NyZXQ="] {
                assert!(!said.contains(secret), "{}", path.display());
            }
        }
    }
    Ok(())
}

/// The reference in `docs/config.md` is what the code reads, and its example runs.
#[test]
fn the_page_lists_the_keys_that_the_code_reads() -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
    let page = fs::read_to_string(&path)?;
    let (head, rest) = page.split_once("<!-- reference: begin -->\n").ok_or("no beginning")?;
    let (listed, tail) = rest.split_once("<!-- reference: end -->\n").ok_or("no end")?;
    let reference = config::reference();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let begin = "<!-- reference: begin -->\n";
        let end = "<!-- reference: end -->\n";
        fs::write(&path, format!("{head}{begin}{reference}{end}{tail}"))?;
    } else {
        assert_eq!(listed, reference, "UPDATE_SNAPSHOTS=1 writes the page anew");
    }
    let (_, example) = head.split_once("```yaml\n").ok_or("no example")?;
    let (example, _) = example.split_once("```").ok_or("no end of the example")?;
    let source = Source::Text { name: "docs/config.md".to_owned(), text: example.to_owned() };
    let loaded = config::load(&[source], &env, &HOST).map_err(|problems| problems.to_string())?;
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    Ok(())
}

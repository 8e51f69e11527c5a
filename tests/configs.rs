//! Every file under `tests/configs` is loaded; what is said about it must equal the `.out` file
//! beside it. `UPDATE_SNAPSHOTS=1 cargo test --test configs` writes those files anew.
//!
//! `invalid/` holds files with mistakes, `valid/` files that the Collector runs. Where one of the
//! latter asks for something that is not supported yet, its `.out` names the line. A folder is one
//! configuration: its files in order, then the arguments of `arguments.txt`. `parts/` holds what
//! values name by `${file:...}`, from the root of the repository.

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
        "LOOP" => "a-${env:LOOP}",
        _ => return None,
    };
    Some(value.to_owned())
}

fn load(path: &Path) -> Result<Result<Loaded, Problems>, Box<dyn Error>> {
    Ok(config::load(&sources(path)?, &env, &HOST))
}

/// A file, or the files and arguments of a folder.
fn sources(path: &Path) -> Result<Vec<Source>, Box<dyn Error>> {
    if !path.is_dir() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
        return Ok(vec![Source::Text { name, text: fs::read_to_string(path)? }]);
    }
    let mut sources = Vec::new();
    for file in listed(path)? {
        if file.extension().is_some_and(|extension| extension == "yaml") {
            sources.extend(self::sources(&file)?);
        } else {
            for line in fs::read_to_string(file)?.lines() {
                let (option, argument) =
                    line.split_once(' ').ok_or("an option and its argument")?;
                sources.push(match option {
                    "--config" => Source::from_argument(argument)?,
                    "--set" => Source::from_set(argument)?,
                    _ => return Err(format!("unknown option {option}").into()),
                });
            }
        }
    }
    Ok(sources)
}

/// What a folder holds, files of YAML before others.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<Result<Vec<PathBuf>, Box<dyn Error>>>()?;
    let last = |path: &PathBuf| path.extension().is_none_or(|extension| extension != "yaml");
    paths.sort_by_key(|path| (last(path), path.clone()));
    Ok(paths)
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
    let mut files = listed(&directory)?;
    files.retain(|path| path.is_dir() || path.extension().is_some_and(|found| found == "yaml"));
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
            for secret in [
                "ingest-t0ken",
                "me:secret",
                "me:pw",
                "Z3JhZmFuYTpzM2NyZXQ=",
                "t0k\n",
                "Bearer t0k",
            ] {
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

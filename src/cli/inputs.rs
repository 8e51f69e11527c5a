//! Where commands get their configuration from: `FILE...` and `--config`, later ones laid over
//! earlier ones.

use std::path::PathBuf;

use clap::Args;

use crate::config::{self, HostFacts, Loaded, Problems, Source};
use crate::runtime::host;

/// Memory of a machine that does not say how much it has.
const MEMORY_BYTES_ASSUMED: u64 = 1 << 30;

/// The sources of a gateway that runs.
#[derive(Args, Debug)]
pub(super) struct Inputs {
    /// Configuration file; without one, an embedded default receives on loopback and counts
    #[arg(long, value_name = "FILE")]
    config: Vec<String>,
}

/// The sources of a command that looks at them.
#[derive(Args, Debug)]
pub(super) struct Files {
    /// Configuration file
    #[arg(value_name = "FILE", required_unless_present = "config")]
    files: Vec<String>,
    /// Configuration file, as the Collector takes it
    #[arg(long, value_name = "FILE")]
    config: Vec<String>,
}

impl Inputs {
    /// Whether the embedded default runs.
    pub(super) const fn is_empty(&self) -> bool {
        self.config.is_empty()
    }

    /// Reads and checks everything.
    pub(super) fn load(&self) -> Result<Loaded, Problems> {
        if self.is_empty() {
            let name = "embedded default".to_owned();
            return load(&[Source::Text { name, text: config::EMBEDDED.to_owned() }]);
        }
        load(&sources(self.config.iter()))
    }
}

impl Files {
    /// Reads and checks everything.
    pub(super) fn load(&self) -> Result<Loaded, Problems> {
        load(&sources(self.files.iter().chain(&self.config)))
    }
}

fn sources<'a>(arguments: impl Iterator<Item = &'a String>) -> Vec<Source> {
    arguments.map(|argument| Source::File(PathBuf::from(argument))).collect()
}

fn load(sources: &[Source]) -> Result<Loaded, Problems> {
    config::load(sources, &variable, &facts())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn facts() -> HostFacts {
    HostFacts { memory_bytes: host::memory_bytes().unwrap_or(MEMORY_BYTES_ASSUMED) }
}

//! Where commands get their configuration from: `FILE...` and `--config`, later ones laid over
//! earlier ones.

use clap::Args;

use crate::config::{self, HostFacts, Loaded, Options, Problems, Source};
use crate::runtime::host;

/// Memory of a machine that does not say how much it has.
const MEMORY_BYTES_ASSUMED: u64 = 1 << 30;

/// The sources of a gateway that runs.
#[derive(Args, Clone, Debug)]
pub(super) struct Inputs {
    /// Configuration: a file, env:NAME or yaml:TEXT; later ones go over earlier ones. Without one,
    /// an embedded default receives on loopback and counts
    #[arg(long, value_name = "FILE", value_parser = Source::from_argument)]
    config: Vec<Source>,
    #[command(flatten)]
    changes: Changes,
}

/// The sources of a command that looks at them.
#[derive(Args, Clone, Debug)]
pub(super) struct Files {
    /// Configuration: a file, env:NAME or yaml:TEXT; later ones go over earlier ones
    #[arg(
        value_name = "FILE",
        required_unless_present = "config",
        value_parser = Source::from_argument
    )]
    files: Vec<Source>,
    /// The same, as the Collector takes it
    #[arg(long, value_name = "FILE", value_parser = Source::from_argument)]
    config: Vec<Source>,
    #[command(flatten)]
    changes: Changes,
}

/// What goes over the files, and how they are read.
#[derive(Args, Clone, Debug)]
struct Changes {
    /// One value that goes over all files: a.b.c=value
    #[arg(long, value_name = "KEY=VALUE", value_parser = Source::from_set)]
    set: Vec<Source>,
    /// Take a variable that is not set for an empty one, with a warning, as the Collector does
    #[arg(long)]
    allow_unset_env: bool,
}

impl Inputs {
    /// Whether the embedded default runs.
    pub(super) const fn is_embedded(&self) -> bool {
        self.config.is_empty()
    }

    /// Reads and checks everything.
    pub(super) fn load(&self) -> Result<Loaded, Problems> {
        let mut sources = self.config.clone();
        if sources.is_empty() {
            let name = "embedded default".to_owned();
            sources.push(Source::Text { name, text: config::EMBEDDED.to_owned() });
        }
        sources.extend(self.changes.set.iter().cloned());
        config::load_with(&sources, &self.changes.options(), &variable, &facts())
    }
}

impl Files {
    /// The one argument that is no option, if there is one: it may be a word instead of a file.
    pub(super) fn only_word(&self) -> Option<&str> {
        match (self.files.as_slice(), self.config.as_slice()) {
            ([Source::File(path)], []) => path.to_str(),
            _ => None,
        }
    }

    /// Everything that is named, in order.
    pub(super) fn sources(&self) -> Vec<Source> {
        let Self { files, config, changes } = self;
        files.iter().chain(config).chain(&changes.set).cloned().collect()
    }

    /// How it is read.
    pub(super) const fn options(&self) -> Options {
        self.changes.options()
    }

    /// Reads and checks everything.
    pub(super) fn load(&self) -> Result<Loaded, Problems> {
        config::load_with(&self.sources(), &self.options(), &variable, &facts())
    }
}

impl Changes {
    const fn options(&self) -> Options {
        Options { allow_unset_env: self.allow_unset_env }
    }
}

/// A variable of the environment; `None`: not set, or not UTF-8.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What a configuration needs to know of this machine.
pub(super) fn facts() -> HostFacts {
    HostFacts { memory_bytes: host::memory_bytes().unwrap_or(MEMORY_BYTES_ASSUMED) }
}

//! Tests of the command line's own description.

use clap::Parser as _;

use super::completion::{self, Shell};
use super::{Cli, described, man};

#[test]
fn every_command_is_in_the_manual_and_in_every_completion() {
    let command = described();
    let page = man::page(&command);
    let scripts = [Shell::Bash, Shell::Zsh, Shell::Fish].map(|s| completion::script(s, &command));
    for sub in command.get_subcommands() {
        let name = sub.get_name();
        assert!(page.contains(&format!(".SS {name}")), "{name}");
        assert!(scripts.iter().all(|script| script.contains(name)), "{name}");
        for argument in sub.get_arguments().filter_map(clap::Arg::get_long) {
            let escaped = argument.replace('-', "\\-");
            assert!(page.contains(&escaped), "{name} --{argument}");
            assert!(scripts.iter().all(|script| script.contains(argument)), "{name} {argument}");
        }
    }
}

#[test]
fn arguments_are_taken_as_the_collector_takes_them() {
    for line in [
        "spanyard",
        "spanyard --config a.yaml --config=env:X --set a.b=c --feature-gates=-x,+y",
        "spanyard --config=yaml:a::b:1",
        "spanyard validate --config a.yaml",
        "spanyard check a.yaml b.yaml --format sarif --probe",
        "spanyard print-config --config a.yaml --format json",
        "spanyard explain unknown-key",
        "spanyard explain a.yaml --resource a=b --header x=y --span-attribute c=1 --signal logs",
        "spanyard migrate a.yaml --fix --output b.yaml",
        "spanyard completion bash",
    ] {
        let parsed = Cli::try_parse_from(line.split(' '));
        assert!(parsed.is_ok(), "{line}: {:?}", parsed.err().map(|error| error.to_string()));
    }
    for line in ["spanyard check", "spanyard --set a", "spanyard check http://x/y", "spanyard x"] {
        assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}

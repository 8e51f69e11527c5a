//! `spanyard man`: the manual page, made from the command line's own description, in man(7).

use clap::{Arg, Command};

/// What the exit codes mean.
const EXIT_CODES: [(&str, &str); 7] = [
    ("0", "fine"),
    ("1", "a question without an answer"),
    ("2", "wrong usage"),
    ("3", "stopped, and spans were lost; their number is in the log"),
    ("69", "a backend cannot be used (check --probe)"),
    ("74", "a file or a socket cannot be used"),
    ("78", "the configuration has errors"),
];

/// The page.
pub(super) fn page(command: &Command) -> String {
    let version = command.get_version().unwrap_or_default();
    let mut out = format!(".TH SPANYARD 1 \"\" \"spanyard {version}\"\n.SH NAME\nspanyard");
    out.push_str(&format!(" \\- {}\n", about(command)));
    out.push_str(".SH SYNOPSIS\n.B spanyard\n[\\fB\\-\\-config\\fR \\fIFILE\\fR...]\n.br\n");
    out.push_str(".B spanyard\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH OPTIONS\n");
    arguments(&mut out, command);
    out.push_str(".SH COMMANDS\n");
    for sub in command.get_subcommands() {
        let names = sub.get_name_and_visible_aliases().join(", ");
        out.push_str(&format!(".SS {}\n{}\n", roff(&names), about(sub)));
        arguments(&mut out, sub);
    }
    out.push_str(".SH EXIT STATUS\n");
    for (code, meaning) in EXIT_CODES {
        out.push_str(&format!(".TP\n.B {code}\n{}\n", roff(meaning)));
    }
    out.push_str(".SH SIGNALS\n.TP\n.B SIGHUP\nReads the configuration again.\n");
    out.push_str(
        ".TP\n.B SIGTERM, SIGINT\nStops accepting, drains, ends; a second one cuts it short.\n",
    );
    out
}

fn about(command: &Command) -> String {
    roff(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

fn arguments(out: &mut String, command: &Command) {
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        out.push_str(&format!(".TP\n{}\n{}\n", heading(argument), roff(&help)));
        let takes = argument.get_action().takes_values();
        let words = if takes { argument.get_possible_values() } else { Vec::new() };
        if !words.is_empty() {
            let list: Vec<&str> =
                words.iter().map(clap::builder::PossibleValue::get_name).collect();
            out.push_str(&format!("One of {}.\n", roff(&list.join(", "))));
        }
    }
}

fn heading(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(|names| names.first());
    let value = value.map(|name| format!("\\fI{}\\fR", roff(name.as_str())));
    match argument.get_long() {
        None => value.unwrap_or_default(),
        Some(long) => {
            let long = format!("\\fB\\-\\-{}\\fR", roff(long));
            let takes = argument.get_action().takes_values();
            value.filter(|_| takes).map_or_else(|| long.clone(), |value| format!("{long} {value}"))
        }
    }
}

/// Text that troff prints as it is.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| {
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

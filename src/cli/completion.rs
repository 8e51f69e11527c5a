//! `spanyard completion`: scripts for shells, made from the command line's own description.
//!
//! Commands, their options and the words of options are completed; everything else is a file.

use clap::{Arg, Command, ValueEnum};

/// Shells that have a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// The script for a shell.
pub(super) fn script(shell: Shell, command: &Command) -> String {
    match shell {
        Shell::Bash => bash(command),
        // zsh reads completions of bash.
        Shell::Zsh => {
            format!(
                "#compdef spanyard\nautoload -U +X bashcompinit && bashcompinit\n{}",
                bash(command)
            )
        }
        Shell::Fish => fish(command),
    }
}

fn names(command: &Command) -> Vec<String> {
    let names = command.get_subcommands().flat_map(Command::get_name_and_visible_aliases);
    names.map(str::to_owned).collect()
}

/// `--option` and `-o` of a command.
fn options(command: &Command) -> Vec<String> {
    let mut list = Vec::new();
    for argument in visible(command) {
        list.extend(argument.get_long().map(|long| format!("--{long}")));
        list.extend(argument.get_short().map(|short| format!("-{short}")));
    }
    list.extend(["--help".to_owned(), "-h".to_owned()]);
    list
}

fn visible(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| !argument.is_hide_set())
}

fn words(argument: &Arg) -> Vec<String> {
    let takes = argument.get_action().takes_values();
    let values = if takes { argument.get_possible_values() } else { Vec::new() };
    values.iter().map(|value| value.get_name().to_owned()).collect()
}

fn bash(command: &Command) -> String {
    let mut out = String::from(
        "_spanyard() {\n    local word=${COMP_WORDS[COMP_CWORD]}\n    \
         local before=${COMP_WORDS[COMP_CWORD-1]} words=\n    COMPREPLY=()\n    \
         case \"${COMP_WORDS[1]}:$before\" in\n",
    );
    for sub in command.get_subcommands() {
        for argument in visible(sub) {
            let words = words(argument);
            if let (Some(long), false) = (argument.get_long(), words.is_empty()) {
                let list = words.join(" ");
                for name in sub.get_name_and_visible_aliases() {
                    out.push_str(&format!("        {name}:--{long}) words='{list}' ;;\n"));
                }
            }
        }
    }
    out.push_str("    esac\n    if [ -z \"$words\" ]; then case \"${COMP_WORDS[1]}\" in\n");
    for sub in command.get_subcommands() {
        let mut list = options(sub);
        list.extend(sub.get_positionals().flat_map(words));
        let pattern = sub.get_name_and_visible_aliases().join("|");
        out.push_str(&format!("        {pattern}) words='{}' ;;\n", list.join(" ")));
    }
    let mut top = names(command);
    top.extend(options(command));
    out.push_str(&format!("        *) words='{}' ;;\n    esac; fi\n", top.join(" ")));
    out.push_str(
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n    \
         [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"))\n}\n\
         complete -o filenames -F _spanyard spanyard\n",
    );
    out
}

fn fish(command: &Command) -> String {
    let mut out = String::new();
    for sub in command.get_subcommands() {
        let about = escaped(&sub.get_about().map(ToString::to_string).unwrap_or_default());
        for name in sub.get_name_and_visible_aliases() {
            out.push_str(&format!(
                "complete -c spanyard -n __fish_use_subcommand -a {name} -d '{about}'\n"
            ));
            fish_options(&mut out, sub, &format!("__fish_seen_subcommand_from {name}"));
        }
    }
    fish_options(&mut out, command, "__fish_use_subcommand");
    out
}

fn fish_options(out: &mut String, command: &Command, when: &str) {
    for argument in visible(command) {
        let Some(long) = argument.get_long() else {
            continue;
        };
        let help = escaped(&argument.get_help().map(ToString::to_string).unwrap_or_default());
        out.push_str(&format!("complete -c spanyard -n '{when}' -l {long} -d '{help}'"));
        let words = words(argument);
        if !words.is_empty() {
            out.push_str(&format!(" -x -a '{}'", words.join(" ")));
        } else if argument.get_action().takes_values() {
            out.push_str(" -r");
        }
        out.push('\n');
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

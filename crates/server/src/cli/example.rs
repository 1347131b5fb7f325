//! An example for the help of every command that has none of its own.

use clap::{Arg, Command};

/// Gives each command without commands below it an example of the arguments that it cannot do without,
/// unless its help has one.
pub(super) fn add_everywhere(command: &mut Command, path: &str) {
    if command.has_subcommands() {
        for below in command.get_subcommands_mut() {
            let path = format!("{path} {}", below.get_name());
            add_everywhere(below, &path);
        }
        return;
    }
    let help = command.get_after_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    if help.contains("Example") {
        return;
    }
    let mut example = format!("Example:\n  {path}");
    for argument in command.get_arguments().filter(|it| it.is_required_set()) {
        example.push(' ');
        example.push_str(&typed(argument));
    }
    let help = format!("{example}\n\n{help}");
    *command = std::mem::take(command).after_help(help.trim_end().to_owned());
}

/// An argument as it is typed.
fn typed(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    let values = names.iter().map(|name| name.as_str().replace(' ', "_"));
    let values = values.collect::<Vec<_>>().join(" ");
    match argument.get_long() {
        Some(long) => format!("--{long} {values}"),
        None => values,
    }
}

#[cfg(test)]
mod tests {
    use super::super::command;
    use clap::Command;

    /// The commands that have none below them.
    fn leaves<'a>(command: &'a Command, path: String, found: &mut Vec<(String, &'a Command)>) {
        for below in command.get_subcommands() {
            leaves(below, format!("{path} {}", below.get_name()), found);
        }
        if !command.has_subcommands() {
            found.push((path, command));
        }
    }

    #[test]
    fn every_command_has_an_example_with_its_own_name() {
        let whole = command();
        let mut found = Vec::new();
        leaves(&whole, "moca".to_owned(), &mut found);
        assert!(found.len() > 80, "{}", found.len());
        for (path, command) in found {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(help.contains("Example"), "{path}: {help}");
            assert!(help.contains(&path), "{path}: {help}");
        }
    }
}

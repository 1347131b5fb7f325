//! `moca completion`

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser};
use clap_complete::Shell;

use super::exit;

pub(super) fn command() -> Command {
    Command::new("completion")
        .about("Print the completion script of a shell")
        .after_help(
            "bash: moca completion bash > ~/.local/share/bash-completion/completions/moca\n\
             zsh:  moca completion zsh > ~/.zfunc/_moca   (with ~/.zfunc in fpath)\n\
             fish: moca completion fish > ~/.config/fish/completions/moca.fish",
        )
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(PossibleValuesParser::new(["bash", "zsh", "fish"]))
                .help("The shell"),
        )
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    let shell = match arguments.get_one::<String>("shell").map(String::as_str) {
        Some("zsh") => Shell::Zsh,
        Some("fish") => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "moca", &mut script);
    match io::stdout().write_all(&script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::end(&error.into()),
    }
}

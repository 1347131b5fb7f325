//! The documentation says what the program does.

use moca_wire::{fault::FaultCode, problem::Code};

const ERRORS: &str = include_str!("../../../../docs/errors.md");

#[test]
fn the_error_page_lists_every_code_with_its_status_and_title_in_the_order_of_the_table() {
    let mut rest = ERRORS;
    for code in Code::ALL {
        let heading = format!(
            "## {}\n\n{}: {}.\n",
            code.as_str(),
            code.status(),
            code.title()
        );
        let Some(found) = rest.find(&heading) else {
            panic!("docs/errors.md lacks, at its place in the table:\n{heading}");
        };
        rest = &rest[found + heading.len()..];
    }
    assert_eq!(
        ERRORS.matches("\n## ").count(),
        Code::ALL.len(),
        "docs/errors.md has a code that does not exist"
    );
}

#[test]
fn the_error_page_lists_every_code_inside_errors() {
    let (_, table) = ERRORS.split_once("# Codes inside errors").unwrap();
    let listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .collect();
    let codes: Vec<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, codes);
}

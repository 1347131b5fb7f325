//! The files: every YAML or JSON document of a folder, with its place for those who repair it.

use std::{
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::wanted;
use crate::yaml::{self, Document};

/// A document and the file it stands in.
pub(crate) struct Source {
    pub(super) file: String,
    pub(super) document: Document,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) detail: String,
}

/// Everything that is wrong in the files.
#[derive(Debug)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.detail)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the files have faults; nothing was changed")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for Faults {}

impl Source {
    /// A fault at a value of this document.
    pub(super) fn fault(&self, pointer: &str, detail: impl Into<String>) -> Fault {
        Fault {
            file: self.file.clone(),
            line: self.document.line(pointer),
            detail: detail.into(),
        }
    }
}

/// The documents of a file, of all files of a folder and the folders in it, or of standard input.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut faults = Vec::new();
    for (name, text) in texts(path)? {
        match yaml::read(&text) {
            Ok(documents) => sources.extend(documents.into_iter().map(|document| Source {
                file: name.clone(),
                document,
            })),
            Err(refused) => faults.push(Fault {
                file: name,
                line: refused.line,
                detail: refused.detail,
            }),
        }
    }
    if faults.is_empty() {
        return Ok(sources);
    }
    // What can be told of the other files without those that cannot be read.
    if let Err(Faults(more)) = wanted::sort(&sources) {
        faults.extend(more);
    }
    Err(Faults(faults).into())
}

fn texts(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input cannot be read")?;
        return Ok(vec![("(standard input)".to_owned(), text)]);
    }
    let files = if path.is_dir() {
        files(path)?
    } else {
        vec![path.to_owned()]
    };
    files
        .into_iter()
        .map(|file| {
            let name = file.display().to_string();
            let text =
                fs::read_to_string(&file).with_context(|| format!("{name} cannot be read"))?;
            Ok((name, text))
        })
        .collect()
}

/// All files of a folder that hold documents, in the order of their paths. What begins with a dot
/// is not looked at: `.git`, and what editors leave.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("{} cannot be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if hidden {
                continue;
            }
            let end = path.extension().and_then(|end| end.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if matches!(end, Some("yaml" | "yml" | "json")) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

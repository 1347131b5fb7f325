//! The kinds of object that the command line knows: one row each. A new resource is a new row.

mod table;

pub(crate) use table::KINDS;

/// A kind of object.
pub(crate) struct Kind {
    /// The command, for example `places`; also the end of its path.
    pub(crate) plural: &'static str,
    /// One of them.
    pub(crate) singular: &'static str,
    /// The path of its collection.
    pub(crate) path: &'static str,
    /// What they are.
    pub(crate) about: &'static str,
    /// What can be done with them, besides list and get.
    pub(crate) verbs: Verbs,
    /// Filters of the list: flags and the parameters they stand for.
    pub(crate) filters: &'static [Field],
    /// Parameters without which there is no getting one.
    pub(crate) of: &'static [Field],
    /// What can be set by flags: flags and pointers into the body.
    pub(crate) fields: &'static [Field],
    /// What is set with certain fields, unless it is there: `(flag, pointer, value)`.
    pub(crate) implied: &'static [(&'static str, &'static str, &'static str)],
    /// The columns of a table unless others are asked for.
    pub(crate) columns: &'static [&'static str],
    /// Body-less PUTs below an object, with what they do.
    pub(crate) actions: &'static [(&'static str, &'static str)],
    /// A command line that creates one.
    pub(crate) example: &'static str,
}

/// What can be done with a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbs {
    /// Get, create, update, delete.
    All,
    /// Get, and delete, which erases all that is held on it: what nobody sets.
    Erase,
    /// Get.
    ReadOnly,
    /// Nothing but the list.
    ListOnly,
}

/// A flag and what it stands for.
pub(crate) struct Field {
    /// The flag, without dashes.
    pub(crate) flag: &'static str,
    /// A pointer into the body, or the name of a parameter.
    pub(crate) at: &'static str,
    /// How its value is read.
    pub(crate) form: Form,
    /// What it is.
    pub(crate) help: &'static str,
    /// Whether the list makes no sense without it.
    pub(crate) required: bool,
}

/// How the value of a flag is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// Milliseconds since 1970, or a time such as 2026-12-01T09:00:00Z.
    Moment,
    /// Given as often as there are values; they make a list.
    Texts,
    /// `name=value`, given as often as there are; the value may be JSON.
    Pairs,
    /// JSON.
    Json,
}

/// A flag that may be left out.
pub(crate) const fn field(
    flag: &'static str,
    at: &'static str,
    form: Form,
    help: &'static str,
) -> Field {
    Field {
        flag,
        at,
        form,
        help,
        required: false,
    }
}

/// One that must be there.
pub(crate) const fn needed(
    flag: &'static str,
    at: &'static str,
    form: Form,
    help: &'static str,
) -> Field {
    Field {
        required: true,
        ..field(flag, at, form, help)
    }
}

impl Kind {
    /// The row of a command.
    pub(crate) fn named(plural: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.plural == plural)
    }

    /// The field with the id of one.
    pub(crate) fn id_name(&self) -> &'static str {
        self.columns.first().copied().unwrap_or_default()
    }

    /// Whether people make and change these; such lists can be searched and sorted.
    pub(crate) fn is_managed(&self) -> bool {
        matches!(self.verbs, Verbs::All)
    }
}

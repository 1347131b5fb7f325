//! What the columns of a file mean.

use anyhow::bail;
use csv::StringRecord;

/// The known kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns named as in the API: `name`, `latitude`, `longitude`, `radius` and so on.
    Moca,
    /// The airports file that comes with MOCA: `icao`, `name`, `lat`, `lon`, `tz` and so on.
    Airports,
}

/// What the cells of one column become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A text field of `config`.
    Text(&'static str),
    /// A number of `config.geofence`.
    Geofence(&'static str),
    /// One part of `config.address`; the parts are joined by commas.
    AddressPart,
    /// A property.
    Property(String),
    /// Nothing.
    Unused,
}

impl Meaning {
    /// Where the value stands in the body of a place, as a JSON pointer.
    fn pointer(&self) -> Option<String> {
        match self {
            Self::Text(field) => Some(format!("/config/{field}")),
            Self::Geofence(field) => Some(format!("/config/geofence/{field}")),
            Self::AddressPart => Some("/config/address".to_owned()),
            Self::Property(name) => {
                let name = name.replace('~', "~0").replace('/', "~1");
                Some(format!("/config/properties/{name}"))
            }
            Self::Unused => None,
        }
    }
}

/// The columns of one file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) format: Format,
    pub(super) all: Vec<(String, Meaning)>,
}

impl Columns {
    /// Understands the first line of a file.
    pub(super) fn read(format: Format, header: &StringRecord) -> anyhow::Result<Self> {
        let mut all: Vec<(String, Meaning)> = Vec::new();
        for cell in header {
            let name = cell.trim();
            let meaning = match format {
                Format::Moca => moca(name),
                Format::Airports => Some(airports(name)),
            };
            let Some(meaning) = meaning else {
                bail!("there is no column {name}: see moca import places --help for the columns");
            };
            let twice = meaning != Meaning::AddressPart
                && meaning != Meaning::Unused
                && all.iter().any(|(_, other)| *other == meaning);
            if twice {
                bail!("the column {name} is there twice");
            }
            all.push((name.to_owned(), meaning));
        }
        if !all
            .iter()
            .any(|(_, meaning)| *meaning == Meaning::Text("name"))
        {
            bail!("the first line has to name the columns, and one of them has to be name");
        }
        Ok(Self { format, all })
    }

    /// The column that a JSON pointer is about: its number, from 1, and its name.
    pub(super) fn find(&self, pointer: &str) -> Option<(usize, String)> {
        self.all
            .iter()
            .position(|(_, meaning)| meaning.pointer().as_deref() == Some(pointer))
            .map(|index| (index + 1, self.all[index].0.clone()))
    }
}

fn moca(name: &str) -> Option<Meaning> {
    if let Some(property) = name.strip_prefix("property.") {
        return Some(Meaning::Property(property.to_owned()));
    }
    Some(match name {
        "name" => Meaning::Text("name"),
        "latitude" => Meaning::Geofence("latitude"),
        "longitude" => Meaning::Geofence("longitude"),
        "radius" => Meaning::Geofence("radius"),
        "address" => Meaning::Text("address"),
        "timeZone" => Meaning::Text("timeZone"),
        "category" => Meaning::Text("category"),
        "externalId" => Meaning::Text("externalId"),
        "provider" => Meaning::Text("provider"),
        _ => return None,
    })
}

fn airports(name: &str) -> Meaning {
    match name {
        "icao" => Meaning::Text("externalId"),
        "name" => Meaning::Text("name"),
        "lat" => Meaning::Geofence("latitude"),
        "lon" => Meaning::Geofence("longitude"),
        "tz" => Meaning::Text("timeZone"),
        "city" | "subd" | "country" => Meaning::AddressPart,
        "iata" => Meaning::Property("iata".to_owned()),
        _ => Meaning::Unused,
    }
}

//! What the experiences of the demo say.

use std::collections::BTreeMap;

use moca_core::experience::{Action, Content};

fn by_locale<const N: usize>(texts: [(&str, String); N]) -> BTreeMap<String, String> {
    let texts = texts.into_iter();
    texts.map(|(key, text)| (key.to_owned(), text)).collect()
}

fn message<const N: usize>(texts: [(&str, String); N], alert: &str) -> Action {
    Action::SendLocalMessage(Content {
        content: by_locale(texts),
        bg_alert: by_locale([("default", alert.to_owned())]),
    })
}

fn page(html: String) -> Action {
    Action::ShowHtml(Content {
        content: by_locale([("default", html)]),
        bg_alert: BTreeMap::new(),
    })
}

fn link(url: String) -> Action {
    Action::OpenUrl(Content {
        content: by_locale([("default", url)]),
        bg_alert: BTreeMap::new(),
    })
}

pub(super) fn welcome(airport: &str) -> Action {
    message(
        [
            ("default", format!("Welcome to {airport}.")),
            ("es", format!("Le damos la bienvenida a {airport}.")),
            ("es-MX", format!("Bienvenidos a {airport}.")),
            ("de", format!("Willkommen am {airport}.")),
            ("fr", format!("Bienvenue à {airport}.")),
            ("pt-BR", format!("Boas-vindas a {airport}.")),
            ("zh-Hant", format!("歡迎來到 {airport}。")),
        ],
        "You have arrived",
    )
}

pub(super) fn goodbye(airport: &str) -> Action {
    message(
        [
            ("default", format!("Goodbye from {airport}.")),
            ("es", format!("Hasta pronto, {airport}.")),
            ("ja", format!("{airport} からさようなら。")),
        ],
        "Safe travels",
    )
}

pub(super) fn to_the_gates() -> Action {
    message(
        [
            ("default", "Boarding starts soon. Enjoy your flight.".into()),
            ("fr", "L'embarquement commence bientôt.".into()),
        ],
        "Boarding soon",
    )
}

pub(super) fn left_the_gates() -> Action {
    message(
        [("default", "Did you forget anything?".into())],
        "One thing",
    )
}

pub(super) fn boarding(iata: &str) -> Action {
    page(format!(
        "<h1>{iata}, gate 1</h1><p>Rows 20 to 40 board first.</p>"
    ))
}

pub(super) fn lounge(airport: &str) -> Action {
    page(format!(
        "<h1>Lounge</h1><p>The lounge of {airport} is open to you.</p>"
    ))
}

pub(super) fn survey(iata: &str) -> Action {
    link(format!("https://survey.example/{iata}/gate-1"))
}

pub(super) fn upgrade(iata: &str) -> Action {
    link(format!("https://air.example/{iata}/upgrade"))
}

pub(super) fn breakfast(iata: &str) -> Action {
    link(format!("https://coffee.example/{iata}/menu"))
}

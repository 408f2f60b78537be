//! A row of the table: a figure, what stands beside it, and the aim.

use serde_json::{Value, json};

/// One figure.
pub struct Row {
    group: &'static str,
    what: String,
    figure: String,
    beside: String,
    ratio: Option<f64>,
    aim: Option<(String, bool)>,
}

impl Row {
    /// Of a group of rows.
    pub fn new(group: &'static str, what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self {
            group,
            what: what.into(),
            figure: figure.into(),
            beside: String::new(),
            ratio: None,
            aim: None,
        }
    }

    /// What it is measured against, and how many times as much it is.
    pub fn beside(mut self, what: impl Into<String>, ratio: f64) -> Self {
        (self.beside, self.ratio) = (what.into(), Some(ratio));
        self
    }

    /// A remark in the place of a yardstick.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.beside = text.into();
        self
    }

    /// The aim in words, and whether it is met.
    pub fn aim(mut self, aim: impl Into<String>, met: bool) -> Self {
        self.aim = Some((aim.into(), met));
        self
    }

    /// The ratio shall not be over this.
    pub fn at_most(self, most: f64) -> Self {
        let met = self.ratio.is_some_and(|ratio| ratio <= most);
        self.aim(format!("≤ {most}"), met)
    }

    /// Says it to `cargo xtask bench`: one line of JSON.
    pub fn say(&self) {
        let aim = self.aim.as_ref();
        let row: Value = json!({
            "group": self.group,
            "what": self.what,
            "figure": self.figure,
            "beside": self.beside,
            "ratio": self.ratio,
            "aim": aim.map(|(aim, _)| aim),
            "met": aim.map(|(_, met)| met),
        });
        println!("{row}");
    }
}

/// A time in a unit that people read.
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// A count per second.
pub fn per_second(seconds: f64) -> String {
    format!("{:.0} a second", 1.0 / seconds)
}

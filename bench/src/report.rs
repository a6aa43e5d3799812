//! Collects figures, prints them as tables with ratios and writes them as JSON lines.

use std::io::Write;
use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::statistics::Summary;

/// Our own name among the systems; every other one is a peer.
const OURS: &str = "headwater";

/// Which direction is good.
#[derive(Clone, Copy)]
pub(crate) enum Better {
    Higher,
    Lower,
    /// A difference around zero, of which a ratio says nothing.
    NearZero,
}

/// What is measured.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
}

/// Under which conditions; part of a figure's identity.
pub(crate) type Params = Map<String, Value>;

/// Builds [`Params`] from a JSON object.
pub(crate) fn params(object: Value) -> Params {
    match object {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// All figures of one area.
pub(crate) struct Report {
    area: &'static str,
    /// The system that all others are also compared with.
    baseline: Option<&'static str>,
    series: Vec<Series>,
}

/// One metric of one case under the same conditions, measured on several systems.
struct Series {
    case: &'static str,
    metric: &'static Metric,
    params: Params,
    systems: Vec<Measured>,
}

struct Measured {
    system: &'static str,
    version: String,
    values: Vec<f64>,
}

impl Report {
    pub(crate) fn new(area: &'static str, baseline: Option<&'static str>) -> Self {
        Self { area, baseline, series: Vec::new() }
    }

    /// Adds the value of one round.
    pub(crate) fn record(
        &mut self,
        case: &'static str,
        metric: &'static Metric,
        params: &Params,
        (system, version): (&'static str, &str),
        value: f64,
    ) {
        let same = |series: &Series| {
            series.case == case && series.metric.name == metric.name && series.params == *params
        };
        let index = self.series.iter().position(same).unwrap_or_else(|| {
            let (params, systems) = (params.clone(), Vec::new());
            self.series.push(Series { case, metric, params, systems });
            self.series.len() - 1
        });
        let systems = &mut self.series[index].systems;
        match systems.iter_mut().find(|measured| measured.system == system) {
            Some(measured) => measured.values.push(value),
            None => {
                let (version, values) = (version.to_owned(), vec![value]);
                systems.push(Measured { system, version, values });
            }
        }
    }

    /// Prints the table of one case.
    pub(crate) fn print(&self, case: &str) {
        let mut table = Table::new();
        let mut header: Vec<String> =
            ["measured", "system", "median", "min", "max", "unit", "/ best peer"]
                .map(String::from)
                .into();
        header.extend(self.baseline.map(|baseline| format!("/ {baseline}")));
        table.load_style(presets::NOTHING).set_header(header);
        for column in [2, 3, 4, 6, 7] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for series in self.series.iter().filter(|series| series.case == case) {
            series.add_rows(&mut table, self.baseline);
        }
        println!("\n{} / {case}\n{table}", self.area);
    }

    /// Writes `AREA.jsonl`, one figure per line, and returns its path.
    pub(crate) fn write_jsonl(&self, folder: &Path) -> Outcome<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}.jsonl", self.area));
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
        for series in &self.series {
            for line in series.lines(self.area, self.baseline) {
                writeln!(file, "{line}")?;
            }
        }
        file.flush()?;
        Ok(path)
    }
}

impl Series {
    fn add_rows(&self, table: &mut Table, baseline: Option<&str>) {
        let mut label = self.label();
        for (measured, summary) in self.summaries() {
            let ratio = |of: Option<f64>| of.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            let mut row = vec![
                std::mem::take(&mut label),
                measured.system.to_owned(),
                number(summary.median),
                number(summary.min),
                number(summary.max),
                self.metric.unit.to_owned(),
                ratio(self.ratio_to_best_peer(summary)),
            ];
            row.extend(baseline.map(|baseline| ratio(self.ratio_to(baseline, summary))));
            table.add_row(row);
        }
    }

    fn label(&self) -> String {
        let mut label = self.metric.name.to_owned();
        for (name, value) in &self.params {
            label += &format!(", {name} {}", value.to_string().trim_matches('"'));
        }
        label
    }

    fn summaries(&self) -> impl Iterator<Item = (&Measured, Summary)> {
        let systems = self.systems.iter();
        systems.filter_map(|measured| Some((measured, Summary::of(&measured.values)?)))
    }

    fn lines(&self, area: &str, baseline: Option<&str>) -> Vec<Value> {
        let line = |(measured, summary): (&Measured, Summary)| {
            let mut params = self.params.clone();
            params.insert("rounds".into(), measured.values.len().into());
            params.insert("min".into(), summary.min.into());
            params.insert("max".into(), summary.max.into());
            params.insert("ratio_to_best_peer".into(), self.ratio_to_best_peer(summary).into());
            if let Some(baseline) = baseline {
                let ratio = self.ratio_to(baseline, summary);
                params.insert(format!("ratio_to_{baseline}"), ratio.into());
            }
            json!({
                "area": area,
                "case": self.case,
                "system": measured.system,
                "version": measured.version,
                "metric": self.metric.name,
                "value": summary.median,
                "unit": self.metric.unit,
                "params": params,
            })
        };
        self.summaries().map(line).collect()
    }

    /// Above 1 is better than the best system that is not ours.
    fn ratio_to_best_peer(&self, summary: Summary) -> Option<f64> {
        if self.systems.len() < 2 {
            return None;
        }
        let peers = self.summaries().filter(|(measured, _)| measured.system != OURS);
        let medians = peers.map(|(_, peer)| peer.median);
        let best = match self.metric.better {
            Better::Higher => medians.reduce(f64::max),
            Better::Lower => medians.reduce(f64::min),
            Better::NearZero => None,
        };
        self.ratio(summary.median, best?)
    }

    fn ratio_to(&self, system: &str, summary: Summary) -> Option<f64> {
        let mut summaries = self.summaries();
        let (_, other) = summaries.find(|(measured, _)| measured.system == system)?;
        self.ratio(summary.median, other.median)
    }

    fn ratio(&self, value: f64, other: f64) -> Option<f64> {
        let ratio = match self.metric.better {
            Better::Higher => value / other,
            Better::Lower => other / value,
            Better::NearZero => return None,
        };
        ratio.is_finite().then_some(ratio)
    }
}

/// Whole numbers in groups of three digits; small ones with decimals, shares of 1 with more of them.
fn number(value: f64) -> String {
    if value.abs() < 1.0 && value != 0.0 {
        return format!("{value:.4}");
    }
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value < 0.0 { format!("-{grouped}") } else { grouped }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Metric = Metric { name: "gets", unit: "1/s", better: Better::Higher };
    const SIZE: Metric = Metric { name: "size", unit: "bytes", better: Better::Lower };

    fn report(metric: &'static Metric, values: [f64; 3]) -> Report {
        let mut report = Report::new("area", Some("rusqlite"));
        for (system, value) in ["headwater", "rusqlite", "redb"].into_iter().zip(values) {
            report.record("case", metric, &params(json!({"threads": 1})), (system, "1.0.0"), value);
        }
        report
    }

    #[test]
    fn a_ratio_above_one_is_better_in_both_directions() {
        let rates = report(&RATE, [200.0, 100.0, 400.0]).series[0].lines("area", Some("rusqlite"));
        assert_eq!(rates[0]["params"]["ratio_to_best_peer"], 0.5);
        assert_eq!(rates[0]["params"]["ratio_to_rusqlite"], 2.0);
        let sizes = report(&SIZE, [200.0, 100.0, 400.0]).series[0].lines("area", Some("rusqlite"));
        assert_eq!(sizes[0]["params"]["ratio_to_best_peer"], 0.5);
        assert_eq!(sizes[2]["params"]["ratio_to_rusqlite"], 0.25);
    }

    #[test]
    fn a_line_has_the_agreed_fields() {
        let line =
            report(&RATE, [1.0, 2.0, 3.0]).series[0].lines("area", Some("rusqlite")).remove(0);
        let mut fields: Vec<_> = line.as_object().into_iter().flat_map(Map::keys).collect();
        fields.sort();
        let agreed = ["area", "case", "metric", "params", "system", "unit", "value", "version"];
        assert_eq!(fields, agreed);
    }

    #[test]
    fn numbers_are_grouped() {
        let cases = [
            (1_234_567.4, "1,234,567"),
            (999.0, "999"),
            (1.234, "1.23"),
            (0.3677, "0.3677"),
            (-4096.0, "-4,096"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }
}

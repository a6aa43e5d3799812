//! Small aligned tables.

/// A column and the side that its cells keep to.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    Left(&'static str),
    Right(&'static str),
}

/// Rows of cells. Columns are as wide as they need to be; the last one is cut at the line's end.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

const GAP: usize = 3;
const LINE: usize = super::WIDTH - 2;

impl Table {
    pub(crate) fn new(columns: &[Column]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into());
    }

    pub(crate) fn has_header(&self) -> bool {
        self.columns.iter().any(|column| !column.name().is_empty())
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let header = self.columns.iter().map(|column| column.name().to_owned()).collect();
        let header = self.has_header().then_some(header);
        let lines: Vec<Vec<String>> = header.into_iter().chain(self.rows.iter().cloned()).collect();
        let width = |column: usize| lines.iter().map(|line| width(&line[column])).max();
        let widths: Vec<usize> =
            (0..self.columns.len()).map(|column| width(column).unwrap_or(0)).collect();
        let columns = self.columns.clone();
        lines.into_iter().map(move |cells| line(&columns, &widths, &cells))
    }
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Column::Left(name) | Column::Right(name) => name,
        }
    }
}

fn line(columns: &[Column], widths: &[usize], cells: &[String]) -> String {
    let mut line = String::new();
    for ((column, &wide), cell) in columns.iter().zip(widths).zip(cells) {
        let padding = " ".repeat(wide - width(cell));
        match column {
            Column::Left(_) => line.extend([cell.as_str(), &padding]),
            Column::Right(_) => line.extend([padding.as_str(), cell]),
        }
        line.push_str(&" ".repeat(GAP));
    }
    cut(line.trim_end(), LINE)
}

fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    // Between words, unless the line has but one.
    let whole = kept.rfind(' ').map_or(kept.len(), |space| space + 1);
    format!("{}…", &kept[..whole])
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(table: &Table) -> Vec<String> {
        table.lines().collect()
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&[Column::Left("name"), Column::Right("lines")]);
        table.row(["é".into(), "1".into()]);
        table.row(["serde".into(), "12,345".into()]);
        assert_eq!(lines(&table), ["name     lines", "é            1", "serde   12,345"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut() {
        let mut table = Table::new(&[Column::Left("")]);
        table.row(["x".repeat(200)]);
        table.row([["word"; 30].join(" ")]);
        let lines = lines(&table);
        assert_eq!(width(&lines[0]), LINE);
        assert!(lines[0].ends_with("x…"));
        assert!(lines[1].ends_with("word …") && width(&lines[1]) <= LINE);
    }
}

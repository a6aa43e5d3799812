//! Reads the structure of a query from its lexemes.

use headwater_primitives::Result;

use super::lexer::{Kind, Lexeme};
use super::{Clause, MAX_CLAUSES, Mode, Node, Occur, too_many, wrong};

/// How deep brackets may be nested.
const MAX_DEPTH: usize = 32;

/// Reads the clauses of a query.
pub(super) fn parse(text: &str, lexemes: Vec<Lexeme>, mode: Mode) -> Result<Vec<Clause>> {
    let lexemes = balance(text, lexemes, mode)?;
    let lexemes = settle_signs(text, lexemes, mode)?;
    let lexemes = settle_joints(text, lexemes, mode)?;
    let operands = lexemes.iter().filter(|lexeme| matches!(lexeme.kind, Kind::Operand(_))).count();
    if operands > MAX_CLAUSES {
        return Err(too_many("words and phrases", MAX_CLAUSES));
    }
    let mut parser = Parser { lexemes: lexemes.into_iter().peekable() };
    Ok(parser.sequence())
}

/// Drops brackets without their other half, and those nested too deep.
fn balance(text: &str, lexemes: Vec<Lexeme>, mode: Mode) -> Result<Vec<Lexeme>> {
    let mut open = Vec::new();
    let mut paired = vec![false; lexemes.len()];
    for (place, lexeme) in lexemes.iter().enumerate() {
        match lexeme.kind {
            Kind::Open => open.push(place),
            Kind::Close => match open.pop() {
                Some(other) if open.len() < MAX_DEPTH => {
                    paired[place] = true;
                    paired[other] = true;
                }
                Some(_) if mode == Mode::Strict => {
                    let what = format!("brackets are nested more than {MAX_DEPTH} deep");
                    return Err(wrong(text, &lexeme.at, &what));
                }
                None if mode == Mode::Strict => {
                    return Err(wrong(text, &lexeme.at, "this bracket was never opened"));
                }
                _ => {}
            },
            _ => {}
        }
    }
    if let (Some(place), Mode::Strict) = (open.first(), mode) {
        return Err(wrong(text, &lexemes[*place].at, "this bracket is never closed"));
    }
    let kept = lexemes.into_iter().zip(paired);
    let kept =
        kept.filter(|(lexeme, paired)| *paired || !matches!(lexeme.kind, Kind::Open | Kind::Close));
    Ok(kept.map(|(lexeme, _)| lexeme).collect())
}

/// Makes plain words of those `NOT`, and drops those `+` and `-`, that stand before nothing.
fn settle_signs(text: &str, lexemes: Vec<Lexeme>, mode: Mode) -> Result<Vec<Lexeme>> {
    let mut settled: Vec<Lexeme> = Vec::with_capacity(lexemes.len());
    // From the end, since a sign may stand before another one.
    for mut lexeme in lexemes.into_iter().rev() {
        let next = settled.last();
        let stands = match lexeme.kind {
            // "a - b" has a dash, and no sign.
            Kind::Plus | Kind::Minus => {
                next.is_some_and(|next| next.begins_operand() && next.at.start == lexeme.at.end)
            }
            Kind::Not => next.is_some_and(Lexeme::begins_operand),
            _ => true,
        };
        if !stands {
            if mode == Mode::Strict {
                return Err(wrong(text, &lexeme.at, "this operator stands before nothing"));
            }
            lexeme.become_word(text);
        }
        settled.push(lexeme);
    }
    settled.reverse();
    Ok(settled)
}

/// Makes plain words of those `AND` and `OR` that do not stand between two operands.
fn settle_joints(text: &str, lexemes: Vec<Lexeme>, mode: Mode) -> Result<Vec<Lexeme>> {
    let mut settled: Vec<Lexeme> = Vec::with_capacity(lexemes.len());
    let mut lexemes = lexemes.into_iter().peekable();
    while let Some(mut lexeme) = lexemes.next() {
        if matches!(lexeme.kind, Kind::And | Kind::Or) {
            let before = settled.last().is_some_and(Lexeme::ends_operand);
            let after = lexemes.peek().is_some_and(Lexeme::begins_operand);
            if !(before && after) {
                if mode == Mode::Strict {
                    let what = "this operator does not stand between two words";
                    return Err(wrong(text, &lexeme.at, what));
                }
                lexeme.become_word(text);
            }
        }
        settled.push(lexeme);
    }
    Ok(settled)
}

impl Lexeme {
    fn begins_operand(&self) -> bool {
        !matches!(self.kind, Kind::Close | Kind::And | Kind::Or)
    }

    fn ends_operand(&self) -> bool {
        matches!(self.kind, Kind::Operand(_) | Kind::Close)
    }

    fn become_word(&mut self, text: &str) {
        self.kind = Kind::Operand(Node::Word(text[self.at.clone()].to_owned()));
    }
}

/// Reads lexemes in which each bracket has its other half and each operator its operands.
struct Parser {
    lexemes: std::iter::Peekable<std::vec::IntoIter<Lexeme>>,
}

impl Parser {
    /// Up to the closing bracket, which is taken too, or to the end.
    fn sequence(&mut self) -> Vec<Clause> {
        let mut clauses = Vec::new();
        while let Some(lexeme) = self.lexemes.peek() {
            match lexeme.kind {
                Kind::Close => {
                    self.lexemes.next();
                    break;
                }
                Kind::Or => {
                    self.lexemes.next();
                }
                _ => clauses.extend(self.conjunction()),
            }
        }
        clauses
    }

    fn conjunction(&mut self) -> Option<Clause> {
        let mut operands = vec![self.operand()?];
        while self.lexemes.next_if(|lexeme| lexeme.kind == Kind::And).is_some() {
            operands.extend(self.operand());
        }
        if operands.len() == 1 {
            return operands.pop();
        }
        for operand in &mut operands {
            if operand.occur == Occur::Optional {
                operand.occur = Occur::Required;
            }
        }
        Some(Clause { occur: Occur::Optional, node: Node::Group(operands) })
    }

    fn operand(&mut self) -> Option<Clause> {
        let mut occur = Occur::Optional;
        loop {
            occur = match (self.lexemes.next()?.kind, occur) {
                (Kind::Operand(node), _) => return Some(Clause { occur, node }),
                (Kind::Open, _) => {
                    return Some(Clause { occur, node: Node::Group(self.sequence()) });
                }
                (Kind::Plus, Occur::Optional) => Occur::Required,
                (Kind::Minus | Kind::Not, Occur::Excluded) => Occur::Required,
                (Kind::Minus | Kind::Not, _) => Occur::Excluded,
                (_, same) => same,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::text::query::{Clause, Node, Occur, TextQuery};

    /// A query as the parser understood it, in the grammar's own words.
    fn shown(clauses: &[Clause]) -> String {
        let shown = clauses.iter().map(|clause| {
            let sign = match clause.occur {
                Occur::Optional => "",
                Occur::Required => "+",
                Occur::Excluded => "-",
            };
            let node = match &clause.node {
                Node::Word(word) => word.clone(),
                Node::Prefix(word) => format!("{word}*"),
                Node::Fuzzy(word, None) => format!("{word}~"),
                Node::Fuzzy(word, Some(edits)) => format!("{word}~{edits}"),
                Node::Phrase(phrase, slop) => format!("{phrase:?}~{slop}"),
                Node::Group(clauses) => format!("({})", shown(clauses)),
            };
            format!("{sign}{node}")
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_people_type_is_read_leniently() {
        let cases = [
            ("", ""),
            ("slip flow", "slip flow"),
            ("slip OR flow", "slip flow"),
            ("+slip -flow", "+slip -flow"),
            ("\"slip flow\" \"a b\"~2", "\"slip flow\"~0 \"a b\"~2"),
            ("aero* wnig~ wing~1 wing~9", "aero* wnig~ wing~1 wing~2"),
            ("a AND b OR c", "(+a +b) c"),
            ("a b AND NOT c", "a (+b -c)"),
            ("a AND (b OR c)", "(+a +(b c))"),
            ("NOT NOT a", "+a"),
            ("+(a b) -(c d)", "+(a b) -(c d)"),
            // What is only half there.
            ("\"slip flow", "slip flow"),
            ("slip\" flow", "slip flow"),
            ("(slip flow", "slip flow"),
            ("slip) flow", "slip flow"),
            ("AND", "AND"),
            ("OR slip", "OR slip"),
            ("slip AND", "slip AND"),
            ("slip NOT", "slip NOT"),
            ("slip - flow +", "slip - flow +"),
            ("well-known C++ a&b", "well-known C++ a&b"),
            ("()", "()"),
            ("*", "*"),
        ];
        for (query, expected) in cases {
            assert_eq!(shown(&TextQuery::parse(query).unwrap().clauses), expected, "{query}");
        }
    }

    #[test]
    fn a_strict_query_is_refused_at_the_place_of_its_fault() {
        let cases = [
            ("slip \"flow", 5, "quote"),
            ("slip (flow", 5, "never closed"),
            ("slip) flow", 4, "never opened"),
            ("slip AND", 5, "between two words"),
            ("OR slip", 0, "between two words"),
            ("slip NOT", 5, "before nothing"),
            ("a - b", 2, "before nothing"),
            ("a *", 2, "* needs a word"),
            ("w*ng", 0, "only end a word"),
            ("a ~", 2, "~ needs a word"),
            ("wing~3", 0, "2 edits"),
        ];
        for (query, place, what) in cases {
            let message = TextQuery::parse_strict(query).unwrap_err().to_string();
            assert!(message.contains(&format!("byte {place}:")), "{query}: {message}");
            assert!(message.contains(what), "{query}: {message}");
        }
    }

    #[test]
    fn a_well_formed_query_means_the_same_strictly() {
        for query in ["a b", "+a -b", "a AND (b OR \"c d\"~3) NOT e*", "high-speed w~1", "a, b."] {
            let strict = TextQuery::parse_strict(query).unwrap();
            assert_eq!(strict, TextQuery::parse(query).unwrap(), "{query}");
        }
    }

    #[test]
    fn nesting_without_end_neither_fails_nor_overflows() {
        let query = format!("{}a{}", "(".repeat(900), ")".repeat(900));
        assert!(TextQuery::parse(&query).is_ok());
        assert!(TextQuery::parse_strict(&query).is_err());
    }

    #[test]
    fn a_query_that_is_too_large_is_refused() {
        for query in ["a ".repeat(1_025), "x".repeat(32_769)] {
            let error = TextQuery::parse(&query).unwrap_err();
            assert_eq!(error.kind(), headwater_primitives::ErrorKind::TooLarge);
        }
    }
}

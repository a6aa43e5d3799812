//! Compiles a filter to SQL that means what `evaluate.rs` means.
//!
//! Every piece of it yields 0 or 1 and never NULL, so that `NOT` denies it.

use rusqlite::types::Value;

use crate::filter::ast::{ElemMatch, Node, Predicate};
use crate::filter::native::{Leaf, Test, Tests, is_native, sql_path};
use crate::filter::path::Path;
use crate::jsonb;

/// Past these a filter is handed to `hw_match` whole, far below SQLite's own limits.
const MOST_PARAMS: usize = 1_000;
const LONGEST_TEXT: usize = 64 * 1024;
/// SQLite refuses expressions nested deeper than 1,000.
const MOST_MEMBERS: usize = 200;

/// A condition for a `WHERE` clause, and the values of its anonymous `?` parameters in order.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlFilter {
    /// An SQL expression that yields 0 or 1, in parentheses where precedence could matter.
    pub text: String,
    /// One value for each `?` of [`text`](Self::text).
    pub params: Vec<Value>,
}

/// Compiles `node` over the JSONB column `body`.
pub(crate) fn compile(node: &Node, body: &str) -> SqlFilter {
    let mut compiler = Compiler { body, text: String::new(), params: Vec::new() };
    if members(node) > MOST_MEMBERS {
        compiler.call_match(node);
    } else {
        compiler.node(node);
    }
    if compiler.params.len() > MOST_PARAMS || compiler.text.len() > LONGEST_TEXT {
        compiler.text.clear();
        compiler.params.clear();
        compiler.call_match(node);
    }
    SqlFilter { text: compiler.text, params: compiler.params }
}

/// What never matches, for a filter that was built wrong.
pub(crate) fn nothing() -> SqlFilter {
    SqlFilter { text: "0".to_owned(), params: Vec::new() }
}

struct Compiler<'a> {
    body: &'a str,
    text: String,
    params: Vec<Value>,
}

impl Compiler<'_> {
    fn node(&mut self, node: &Node) {
        match node {
            Node::And(members) if members.is_empty() => self.push("1"),
            Node::And(members) => self.members(members, " AND ", Node::and),
            Node::Or(members) => self.members(members, " OR ", Node::or),
            Node::Nor(members) => {
                self.push("NOT ");
                self.members(members, " OR ", Node::or);
            }
            Node::Field(path, predicate) => self.field(path, predicate),
        }
    }

    /// The members that are SQL alone come first; what needs our function is called once for all.
    fn members(&mut self, members: &[Node], word: &str, join: fn(Vec<Node>) -> Node) {
        let (native, called): (Vec<&Node>, Vec<&Node>) =
            members.iter().partition(|member| is_native(member));
        self.push("(");
        for (position, member) in native.iter().enumerate() {
            if position > 0 {
                self.push(word);
            }
            self.node(member);
        }
        if !called.is_empty() && !native.is_empty() {
            self.push(word);
        }
        match called.as_slice() {
            [] => {}
            [only] => self.node(only),
            several => self.call_match(&join(several.iter().copied().cloned().collect())),
        }
        self.push(")");
    }

    fn field(&mut self, path: &Path, predicate: &Predicate) {
        match predicate {
            Predicate::Ne(literal) => self.negated(path, &Predicate::Eq(literal.clone())),
            Predicate::NotIn(set) => self.negated(path, &Predicate::In(set.clone())),
            Predicate::Exists(false) => self.negated(path, &Predicate::Exists(true)),
            Predicate::Not(all) => {
                self.push("NOT ");
                self.each(path, all);
            }
            Predicate::All(items) if items.is_empty() => self.push("0"),
            Predicate::All(items) => self.each(path, items),
            positive => self.positive(path, positive),
        }
    }

    fn negated(&mut self, path: &Path, predicate: &Predicate) {
        self.push("NOT ");
        self.positive(path, predicate);
    }

    fn each(&mut self, path: &Path, predicates: &[Predicate]) {
        let fields: Vec<Node> =
            predicates.iter().map(|each| Node::Field(path.clone(), each.clone())).collect();
        self.members(&fields, " AND ", Node::and);
    }

    /// A predicate that holds when it holds for some value at the path.
    fn positive(&mut self, path: &Path, predicate: &Predicate) {
        let column = self.body;
        let (Some(sql_path), Some(leaf)) =
            (sql_path(path, path.components().len()), Leaf::of(predicate))
        else {
            return self.call_match(&Node::Field(path.clone(), predicate.clone()));
        };
        let value = format!("{column} ->> {sql_path}");
        self.push(&format!("CASE ifnull(json_type({column}, {sql_path}), 'missing')"));
        let tests = match &leaf {
            Leaf::Tests(tests) => tests.as_slice(),
            Leaf::Present | Leaf::Size(_) | Leaf::Element(_) => &[],
        };
        for (json_type, test) in tests {
            self.push(&format!(" WHEN '{json_type}' THEN "));
            self.test(&value, test);
        }
        match &leaf {
            Leaf::Tests(tests) if tests.iter().any(|(name, _)| *name == "array") => {}
            Leaf::Tests(tests) => self.when_array(&sql_path, |compiler| compiler.case(tests)),
            Leaf::Element(all) => self.when_array(&sql_path, |compiler| compiler.element(all)),
            Leaf::Size(size) => {
                self.push(&format!(
                    " WHEN 'array' THEN json_array_length({column}, {sql_path}) = "
                ));
                self.param(Value::Integer(*size));
            }
            Leaf::Present => {}
        }
        self.when_missing(path, predicate);
        self.push(if matches!(leaf, Leaf::Present) { " ELSE 1 END" } else { " ELSE 0 END" });
    }

    /// SQLite found nothing at the path: then nothing is there, or an array stands on the way, which
    /// SQLite does not look into.
    fn when_missing(&mut self, path: &Path, predicate: &Predicate) {
        let missing = i64::from(predicate.accepts_missing());
        let ancestors: Vec<String> = (1..path.components().len())
            .filter_map(|length| sql_path(path, length))
            .map(|ancestor| format!("json_type({}, {ancestor})", self.body))
            .collect();
        if ancestors.is_empty() {
            return self.push(&format!(" WHEN 'missing' THEN {missing}"));
        }
        let ancestors = ancestors.join(", ");
        self.push(&format!(" WHEN 'missing' THEN CASE WHEN 'array' IN ({ancestors}) THEN "));
        self.call_match(&Node::Field(path.clone(), predicate.clone()));
        self.push(&format!(" ELSE {missing} END"));
    }

    fn when_array(&mut self, sql_path: &str, condition: impl FnOnce(&mut Self)) {
        let column = self.body;
        self.push(&format!(
            " WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each({column}, {sql_path}) \
             AS hw_element WHERE "
        ));
        condition(self);
        self.push(")");
    }

    /// Whether the element satisfies all of these.
    fn element(&mut self, all: &[(bool, Tests)]) {
        for (position, (wanted, tests)) in all.iter().enumerate() {
            if position > 0 {
                self.push(" AND ");
            }
            if !wanted {
                self.push("NOT ");
            }
            self.case(tests);
        }
    }

    /// Whether the element satisfies the test of its type.
    fn case(&mut self, tests: &Tests) {
        if tests.is_empty() {
            return self.push("0");
        }
        self.push("CASE hw_element.type");
        for (json_type, test) in tests {
            self.push(&format!(" WHEN '{json_type}' THEN "));
            self.test("hw_element.atom", test);
        }
        self.push(" ELSE 0 END");
    }

    fn test(&mut self, value: &str, test: &Test) {
        match test {
            Test::Always => self.push("1"),
            Test::Compare(operator, operand) => {
                self.push(&format!("({value}) {operator} "));
                self.param(operand.clone());
            }
            Test::OneOf(operands) => {
                self.push(&format!("({value}) IN ("));
                for (position, operand) in operands.iter().enumerate() {
                    if position > 0 {
                        self.push(", ");
                    }
                    self.param(operand.clone());
                }
                self.push(")");
            }
            Test::Matches(pattern) => {
                self.push("hw_regexp(");
                self.param(Value::Text(pattern.clone()));
                self.push(&format!(", {value})"));
            }
        }
    }

    /// Leaves the decision to the evaluator, through our own SQL function. The filter goes as JSONB,
    /// which keeps floats to the last bit.
    fn call_match(&mut self, node: &Node) {
        self.push("hw_match(");
        let filter = node.to_value();
        self.param(match jsonb::to_vec(&filter) {
            Ok(bytes) => Value::Blob(bytes),
            Err(_) => Value::Text(filter.to_string()),
        });
        self.push(", ");
        self.push(self.body);
        self.push(")");
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn param(&mut self, value: Value) {
        self.push("?");
        self.params.push(value);
    }
}

/// How many predicates the filter has.
fn members(node: &Node) -> usize {
    fn of(predicate: &Predicate) -> usize {
        match predicate {
            Predicate::Not(all)
            | Predicate::All(all)
            | Predicate::ElemMatch(ElemMatch::Value(all)) => 1 + all.iter().map(of).sum::<usize>(),
            _ => 1,
        }
    }
    match node {
        Node::And(all) | Node::Or(all) | Node::Nor(all) => {
            1 + all.iter().map(members).sum::<usize>()
        }
        Node::Field(_, predicate) => of(predicate),
    }
}

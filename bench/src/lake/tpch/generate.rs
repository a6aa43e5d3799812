//! The rows of TPC-H, as documents.

use serde_json::{Map, Value, json};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

use crate::Outcome;

/// What the text of a column stands for.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Int,
    Decimal,
    Date,
    Text,
}

use Kind::{Date, Decimal, Int, Text};

/// A table: the columns in the order in which the generator writes them.
pub(super) struct TpchTable {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
    lines: fn(f64) -> Box<dyn Iterator<Item = String>>,
}

macro_rules! lines {
    ($generator:ident) => {
        |scale| Box::new($generator::new(scale, 1, 1).iter().map(|row| row.to_string()))
    };
}

pub(super) const TABLES: [TpchTable; 8] = [
    TpchTable {
        name: "region",
        columns: &[("r_regionkey", Int), ("r_name", Text), ("r_comment", Text)],
        lines: lines!(RegionGenerator),
    },
    TpchTable {
        name: "nation",
        columns: &[
            ("n_nationkey", Int),
            ("n_name", Text),
            ("n_regionkey", Int),
            ("n_comment", Text),
        ],
        lines: lines!(NationGenerator),
    },
    TpchTable {
        name: "supplier",
        columns: &[
            ("s_suppkey", Int),
            ("s_name", Text),
            ("s_address", Text),
            ("s_nationkey", Int),
            ("s_phone", Text),
            ("s_acctbal", Decimal),
            ("s_comment", Text),
        ],
        lines: lines!(SupplierGenerator),
    },
    TpchTable {
        name: "customer",
        columns: &[
            ("c_custkey", Int),
            ("c_name", Text),
            ("c_address", Text),
            ("c_nationkey", Int),
            ("c_phone", Text),
            ("c_acctbal", Decimal),
            ("c_mktsegment", Text),
            ("c_comment", Text),
        ],
        lines: lines!(CustomerGenerator),
    },
    TpchTable {
        name: "part",
        columns: &[
            ("p_partkey", Int),
            ("p_name", Text),
            ("p_mfgr", Text),
            ("p_brand", Text),
            ("p_type", Text),
            ("p_size", Int),
            ("p_container", Text),
            ("p_retailprice", Decimal),
            ("p_comment", Text),
        ],
        lines: lines!(PartGenerator),
    },
    TpchTable {
        name: "partsupp",
        columns: &[
            ("ps_partkey", Int),
            ("ps_suppkey", Int),
            ("ps_availqty", Int),
            ("ps_supplycost", Decimal),
            ("ps_comment", Text),
        ],
        lines: lines!(PartSuppGenerator),
    },
    TpchTable {
        name: "orders",
        columns: &[
            ("o_orderkey", Int),
            ("o_custkey", Int),
            ("o_orderstatus", Text),
            ("o_totalprice", Decimal),
            ("o_orderdate", Date),
            ("o_orderpriority", Text),
            ("o_clerk", Text),
            ("o_shippriority", Int),
            ("o_comment", Text),
        ],
        lines: lines!(OrderGenerator),
    },
    TpchTable {
        name: "lineitem",
        columns: &[
            ("l_orderkey", Int),
            ("l_partkey", Int),
            ("l_suppkey", Int),
            ("l_linenumber", Int),
            ("l_quantity", Decimal),
            ("l_extendedprice", Decimal),
            ("l_discount", Decimal),
            ("l_tax", Decimal),
            ("l_returnflag", Text),
            ("l_linestatus", Text),
            ("l_shipdate", Date),
            ("l_commitdate", Date),
            ("l_receiptdate", Date),
            ("l_shipinstruct", Text),
            ("l_shipmode", Text),
            ("l_comment", Text),
        ],
        lines: lines!(LineItemGenerator),
    },
];

impl TpchTable {
    /// All rows at this scale, with ids from 1 in the generator's order.
    pub(super) fn rows(&self, scale: f64) -> impl Iterator<Item = Outcome<Value>> + '_ {
        (1_u64..).zip((self.lines)(scale)).map(|(id, line)| self.document(id, &line))
    }

    fn document(&self, id: u64, line: &str) -> Outcome<Value> {
        let mut document = Map::from_iter([("id".to_owned(), json!(id))]);
        for ((name, kind), text) in self.columns.iter().zip(line.split('|')) {
            let value = match kind {
                Int => json!(text.parse::<i64>()?),
                Decimal => json!(text.parse::<f64>()?),
                Date | Text => json!(text),
            };
            document.insert((*name).to_owned(), value);
        }
        Ok(Value::Object(document))
    }
}

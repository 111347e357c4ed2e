//! What the tool shows of a plan: the table (text and JSON) and the crate graph (DOT and SVG).
//!
//! Everything here is a pure function to text. `table` and `json` show a plan; `view` reduces the crate graph to what is drawn,
//! `dot` writes it down for graphviz, and `layout` and `svg` draw it without.

mod dot;
mod json;
mod layout;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod view;

pub use dot::dot;
pub use json::{SCHEMA_VERSION, json};
pub use svg::svg;
pub use table::table;

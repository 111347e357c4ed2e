//! The pure core of cargo-gobuild.

//! From a Collector's YAML file to a [`plan::Plan`].

pub mod plan;

use cell::prelude::*;

pub struct Tax;

#[service]
pub struct Orders {
    tax: Synapse<Tax>,
}

fn main() {}

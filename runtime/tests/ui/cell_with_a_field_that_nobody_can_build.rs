use cell::prelude::*;

pub struct Client;

#[service]
pub struct Tax {
    client: Client,
}

fn main() {}

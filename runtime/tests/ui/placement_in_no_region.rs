use cell::prelude::*;

#[service]
#[Placement(regions = [], replicas = 0)]
pub struct Nowhere;

#[Placement(region = "us east")]
#[service]
pub struct Misnamed;

#[service]
#[Placement(region = "us-east", regions = ["eu", "eu"])]
pub struct Torn;

#[service]
#[Placement]
pub struct Silent;

#[Placement(region = "us-east")]
pub enum Choice {
    One,
}

#[service]
#[Placement(regions = ["us-east", "eu"], replicas = 2)]
pub struct Fine;

#[Placement(region = "us-east")]
#[service]
pub struct FineToo;

fn main() {}

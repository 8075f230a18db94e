use cell::prelude::*;

#[Placement(only = ["us-east"])]
pub struct C;

#[Placement::near(C)]
pub struct D;

#[Placement::optimize_for(cost)]
pub struct E;

#[Latency::budget("50ms")]
pub fn f() {}

#[Latency::calls(max = 3)]
pub fn g() {}

#[Optimize::for_latency("1ms")]
pub fn h() {}

#[Compute::nearest(data)]
pub fn i() {}

#[Data::gravity(policy)]
pub fn j() {}

#[Telemetry::span]
pub fn k() {}

#[Market::offer]
pub struct L;

#[Economy::optimize_for(cost)]
pub struct M;

#[GlobalCompute::distribute]
pub struct N;

#[GlobalCompute::auto_migrate]
pub struct O;

#[GlobalCompute::immortal]
pub struct P;

#[GlobalMesh::route]
pub struct Q;

#[GlobalConsensus::replicate]
pub struct R;

fn main() {}

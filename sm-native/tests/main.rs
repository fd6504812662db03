//! The server as its users meet it. One program for all of them: each that is linked takes its seconds, and its 80 MB.

mod admittance;
mod audit;
mod calls;
mod clock;
mod codes;
mod common;
mod crash;
mod damage;
mod keep;
mod native;
mod page;
mod race;
mod reach;
mod relay;
mod renew;
mod secrets;
mod servers;
mod slow;
mod wall;

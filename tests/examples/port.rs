//! The LPA over a port of one's own: a way to a card, a way to a server, somebody to ask. Here the card and the server are
//! software in this process; a reader and a network take their places without the LPA knowing.
//! `cargo run -p esim-tests --example port`

use esim_euicc::MemoryNvm;
use esim_lpa::driver::{download, list};
use esim_lpa::{Answer, DownloadParams, HttpCall, HttpReply, Lost, Port, Question, Unanswered};
use esim_sm_edge::{HttpRequest, MemoryHost, block_on, handle};
use esim_world::{ADDRESS, Clock, Device, Line, NOW, Operator, Seed, Trace, Wish};

/// A card in a slot, and a server at the other end of the line.
struct OnThisTable {
    card: Device<MemoryNvm>,
    sm: MemoryHost,
}

impl Port for OnThisTable {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        Ok(self.card.transmit(apdu))
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        if call.address != ADDRESS {
            return Err(Unanswered::Lost(format!("there is no {} here", call.address)));
        }
        let response = handle(HttpRequest::post(&call.path, call.body.clone()), &self.sm).await;
        Ok(HttpReply { status: response.status, body: response.body })
    }

    async fn ask(&mut self, question: &Question) -> Answer {
        println!("{}", question.text(esim_lpa::Lang::En));
        Answer::Accept
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One seed: the PKI, the card under it and the server's own randomness, the same in every run.
    let seed = Seed::from_number(7);
    let pki = seed.pki(&[ADDRESS]);
    let mut memory = MemoryNvm::default();
    seed.card(&pki)?.write_to(&mut memory)?;
    let card = Device::power_on(memory, seed.stream(esim_world::Stream::Card), Clock::Fixed(NOW))?;
    let config = esim_sm_edge::smdp::Config::of_test_pki(ADDRESS, &pki)?;
    let mut port = OnThisTable { card, sm: MemoryHost::new(config, seed.octets(), NOW) };

    // The operator orders a profile over ES2+.
    let (ki, opc) = seed.subscriber_keys(0);
    let wish = Wish { imsi: "001010123456789".into(), ki, opc, ..Wish::usual() };
    let (mut trace, transport) = (Trace::default(), &mut port.sm);
    let line = Line::new(&mut trace, NOW);
    let mut operator = Operator { transport, line, address: ADDRESS, token: "memory" };
    let ordered = block_on(operator.order(&wish))?;

    // The LPA fetches it, asks, installs, and reports.
    let outcome =
        block_on(download(&mut port, &Default::default(), DownloadParams::new(&ordered.activation_code)));
    println!("{}", outcome.text(esim_lpa::Lang::En));
    for profile in block_on(list(&mut port, &Default::default()))? {
        println!("{:?}, enabled: {}", profile.metadata.service_provider_name, profile.enabled);
    }
    Ok(())
}

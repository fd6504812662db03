//! Pictures of QR codes as a camera would take them: a page seen at an angle, out of focus, with noise and glare. The
//! browser's tests draw the very same.

/// A code on the page.
pub struct Placed {
    pub text: String,
    /// Its corners in pixels, clockwise from its left upper one.
    pub corners: [(f64, f64); 4],
}

/// How somebody holds what a code is on: degrees about the three axes, side in pixels and middle of what is seen.
#[derive(Clone, Copy, Default)]
pub struct Pose {
    pub roll: f64,
    pub pitch: f64,
    pub yaw: f64,
    pub side: f64,
    pub middle: (f64, f64),
}

impl Pose {
    /// Where the corners are seen by a camera that is two and a half sides away.
    pub fn corners(self) -> [(f64, f64); 4] {
        const AWAY: f64 = 2.5;
        let [roll, pitch, yaw] = [self.roll, self.pitch, self.yaw].map(f64::to_radians);
        [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(x, y): (f64, f64)| {
            let (x, y) = (x * roll.cos() - y * roll.sin(), x * roll.sin() + y * roll.cos());
            let (y, z) = (y * pitch.cos(), y * pitch.sin());
            let (x, z) = (x * yaw.cos() - z * yaw.sin(), x * yaw.sin() + z * yaw.cos());
            let scale = self.side * AWAY / (AWAY + z);
            (self.middle.0 + x * scale, self.middle.1 + y * scale)
        })
    }
}

/// A picture that is to be drawn.
pub struct Scene {
    pub width: usize,
    pub height: usize,
    /// How light paper and ink are, 0 to 255.
    pub paper: f64,
    pub ink: f64,
    pub codes: Vec<Placed>,
    /// Standard deviation of a pixel's blur, in pixels.
    pub blur: f64,
    /// Standard deviation of its noise, of 255.
    pub noise: f64,
    /// How much lighter the middle of a lamp's reflection is; its middle and its two radii in pixels.
    pub glare: f64,
    pub lamp: (f64, f64, f64, f64),
    /// How much darker the right edge is than the left one, of 1.
    pub shade: f64,
    pub seed: u64,
}

impl Scene {
    /// An empty page.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            paper: 205.0,
            ink: 45.0,
            codes: Vec::new(),
            blur: 0.7,
            noise: 3.0,
            glare: 0.0,
            lamp: (0.0, 0.0, 1.0, 1.0),
            shade: 0.0,
            seed: 1,
        }
    }

    pub fn with(mut self, text: &str, pose: Pose) -> Self {
        self.codes.push(Placed { text: text.into(), corners: pose.corners() });
        self
    }

    /// An octet a pixel.
    pub fn draw(&self) -> Vec<u8> {
        let mut light = vec![self.paper; self.width * self.height];
        for placed in &self.codes {
            self.print(placed, &mut light);
        }
        for (at, light) in light.iter_mut().enumerate() {
            *light *= 1.0 - self.shade * (at % self.width) as f64 / self.width as f64;
        }
        let mut light = blurred(&light, self.width, self.blur);
        let mut random = Random(self.seed);
        for (at, light) in light.iter_mut().enumerate() {
            let (x, y) = ((at % self.width) as f64, (at / self.width) as f64);
            let (middle_x, middle_y, radius_x, radius_y) = self.lamp;
            let away = ((x - middle_x) / radius_x).powi(2) + ((y - middle_y) / radius_y).powi(2);
            *light += self.glare * (-away).exp() + self.noise * random.normal();
        }
        light.iter().map(|light| light.round().clamp(0.0, 255.0) as u8).collect()
    }

    /// A code without margin: the paper around it is its margin.
    fn print(&self, placed: &Placed, light: &mut [f64]) {
        const SAMPLES: usize = 4;
        let code = qrcode::QrCode::new(&placed.text).unwrap();
        let modules = code.width() as f64;
        let to_code = inverse(square_to(placed.corners));
        let bound = |of: fn(&(f64, f64)) -> f64, most: usize| {
            let all = placed.corners.iter().map(of);
            let (least, greatest) = all.fold((f64::MAX, f64::MIN), |(l, g), it| (l.min(it), g.max(it)));
            least.max(0.0) as usize..(greatest.max(0.0) as usize + 2).min(most)
        };
        for y in bound(|it| it.1, self.height) {
            for x in bound(|it| it.0, self.width) {
                let mut dark = 0;
                for sample in 0..SAMPLES * SAMPLES {
                    let part = |of: usize| (of as f64 + 0.5) / SAMPLES as f64;
                    let (u, v) =
                        apply(&to_code, x as f64 + part(sample % SAMPLES), y as f64 + part(sample / SAMPLES));
                    let is_within = (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v);
                    let module = ((u * modules) as usize, (v * modules) as usize);
                    dark += usize::from(is_within && code[module] == qrcode::Color::Dark);
                }
                let share = dark as f64 / (SAMPLES * SAMPLES) as f64;
                light[y * self.width + x] += (self.ink - self.paper) * share;
            }
        }
    }
}

type Matrix = [[f64; 3]; 3];

/// The projection of the unit square to four corners.
fn square_to([p0, p1, p2, p3]: [(f64, f64); 4]) -> Matrix {
    let (dx1, dx2, sx) = (p1.0 - p2.0, p3.0 - p2.0, p0.0 - p1.0 + p2.0 - p3.0);
    let (dy1, dy2, sy) = (p1.1 - p2.1, p3.1 - p2.1, p0.1 - p1.1 + p2.1 - p3.1);
    let both = dx1 * dy2 - dx2 * dy1;
    let (g, h) = ((sx * dy2 - dx2 * sy) / both, (dx1 * sy - sx * dy1) / both);
    [
        [p1.0 - p0.0 + g * p1.0, p3.0 - p0.0 + h * p3.0, p0.0],
        [p1.1 - p0.1 + g * p1.1, p3.1 - p0.1 + h * p3.1, p0.1],
        [g, h, 1.0],
    ]
}

/// What takes it back, but for a factor, which a projection does not feel.
fn inverse(m: Matrix) -> Matrix {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    [0, 1, 2].map(|row| [0, 1, 2].map(|column| minor(column, row)))
}

fn apply(m: &Matrix, x: f64, y: f64) -> (f64, f64) {
    let [u, v, w] = [0, 1, 2].map(|row| m[row][0] * x + m[row][1] * y + m[row][2]);
    (u / w, v / w)
}

/// Gaussian blur, first along the rows and then along the columns.
fn blurred(light: &[f64], width: usize, sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return light.to_vec();
    }
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f64> =
        (-reach..=reach).map(|d| (-((d * d) as f64) / (2.0 * sigma * sigma)).exp()).collect();
    let all: f64 = weights.iter().sum();
    let height = light.len() / width;
    let pass = |light: &[f64], along_row: bool| -> Vec<f64> {
        let at = |x: isize, y: isize| {
            let clamp = |it: isize, most: usize| it.clamp(0, most as isize - 1) as usize;
            light[clamp(y, height) * width + clamp(x, width)]
        };
        let pixel = |at_pixel: usize| {
            let (x, y) = ((at_pixel % width) as isize, (at_pixel / width) as isize);
            let sum = weights
                .iter()
                .zip(-reach..)
                .map(|(weight, d)| weight * if along_row { at(x + d, y) } else { at(x, y + d) });
            sum.sum::<f64>() / all
        };
        (0..light.len()).map(pixel).collect()
    };
    pass(&pass(light, true), false)
}

/// Numbers that are the same in each run (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of standard deviation 1, near enough: twelve that are even.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.part()).sum::<f64>() - 6.0
    }
}

pub const TEXT: &str = "LPA:1$smdp.example.com$K2-1A2B3C-4D5E6F";
pub const OTHER: &str = "https://example.com/no-activation-code";

/// A picture, and what is read of it, activation codes first.
pub struct Case {
    pub name: &'static str,
    pub scene: Scene,
    pub read: Vec<&'static str>,
}

/// What a phone meets; and, named `beyond-…`, degrees at which nothing is read.
pub fn cases() -> Vec<Case> {
    [of_one(), of_others(), beyond()].into_iter().flatten().collect()
}

const POSE: Pose = Pose { roll: 0.0, pitch: 0.0, yaw: 0.0, side: 260.0, middle: (320.0, 240.0) };

fn page() -> Scene {
    Scene::new(640, 480)
}

fn held(pose: Pose) -> Scene {
    page().with(TEXT, pose)
}

fn glare(glare: f64, reach: f64) -> Scene {
    Scene { glare, lamp: (360.0, 260.0, reach, reach / 1.5), ..held(POSE) }
}

fn of_one() -> Vec<Case> {
    let small = Pose { side: 90.0, middle: (1250.0, 300.0), roll: 12.0, ..POSE };
    let large = Pose { side: 1650.0, middle: (1200.0, 900.0), roll: 4.0, ..POSE };
    let all = Scene {
        blur: 1.5,
        noise: 15.0,
        shade: 0.4,
        glare: 120.0,
        lamp: (260.0, 200.0, 50.0, 30.0),
        ..held(Pose { roll: 20.0, pitch: 30.0, yaw: 15.0, ..POSE })
    };
    let scenes = [
        ("straight", held(POSE)),
        ("turned", held(Pose { roll: 37.0, ..POSE })),
        ("upside-down", held(Pose { roll: 184.0, ..POSE })),
        ("tilted-back", held(Pose { pitch: 55.0, ..POSE })),
        ("tilted-aside", held(Pose { yaw: -55.0, ..POSE })),
        ("tilted-all-ways", held(Pose { roll: 25.0, pitch: 35.0, yaw: 30.0, ..POSE })),
        // A module has nine pixels.
        ("out-of-focus", Scene { blur: 3.5, ..held(POSE) }),
        ("noisy", Scene { noise: 50.0, ..held(POSE) }),
        ("glaring", glare(300.0, 60.0)),
        ("pale", Scene { ink: 175.0, ..held(POSE) }),
        ("light-on-dark", Scene { paper: 30.0, ink: 210.0, ..held(POSE) }),
        ("in-a-shadow", Scene { shade: 0.85, ..held(POSE) }),
        ("small-in-a-large-picture", Scene { blur: 0.5, ..Scene::new(1600, 1200).with(TEXT, small) }),
        ("filling-a-large-picture", Scene::new(2400, 1800).with(TEXT, large)),
        ("all-at-once", all),
    ];
    scenes.into_iter().map(|(name, scene)| Case { name, scene, read: vec![TEXT] }).collect()
}

fn of_others() -> Vec<Case> {
    let left = Pose { side: 180.0, middle: (160.0, 240.0), ..POSE };
    let right = Pose { side: 200.0, middle: (470.0, 240.0), ..POSE };
    let two = page().with(OTHER, Pose { roll: 9.0, ..left }).with(TEXT, Pose { pitch: 30.0, ..right });
    vec![
        Case { name: "two", scene: two, read: vec![TEXT, OTHER] },
        Case { name: "the-same-twice", scene: held(left).with(TEXT, right), read: vec![TEXT, TEXT] },
        Case { name: "another", scene: page().with(OTHER, POSE), read: vec![OTHER] },
        Case { name: "empty", scene: page(), read: vec![] },
    ]
}

fn beyond() -> Vec<Case> {
    let scenes = [
        ("beyond-tilt", held(Pose { pitch: 80.0, ..POSE })),
        ("beyond-focus", Scene { blur: 6.0, ..held(POSE) }),
        ("beyond-noise", Scene { noise: 130.0, ..held(POSE) }),
        ("beyond-glare", glare(600.0, 90.0)),
        ("beyond-pale", Scene { ink: 202.0, ..held(POSE) }),
        // A pixel and a third a module.
        ("beyond-small", held(Pose { side: 40.0, ..POSE })),
        ("beyond-the-edge", held(Pose { middle: (40.0, 240.0), ..POSE })),
    ];
    scenes.into_iter().map(|(name, scene)| Case { name, scene, read: vec![] }).collect()
}

//! A small JPEG writer for the tests: any frame, any scans, coefficients of its own.
//!
//! It writes what encoders do not: one scan a component, odd sampling factors, restarts in progressive scans. There
//! are no pixels to begin with; coefficients are drawn, so that every block differs and some samples saturate.

/// A component of the frame.
#[derive(Debug, Clone, Copy)]
pub struct Component {
    pub id: u8,
    pub across: u8,
    pub down: u8,
}

/// A scan: the components in it, coefficients `first` to `last`, and the bits that were left out before and are now.
#[derive(Debug, Clone)]
pub struct Scan {
    pub components: Vec<usize>,
    pub first: u8,
    pub last: u8,
    pub high: u8,
    pub low: u8,
}

/// A picture to be written.
#[derive(Debug, Clone)]
pub struct Jpeg {
    pub width: u16,
    pub height: u16,
    pub components: Vec<Component>,
    /// SOF marker: 0xc0 baseline, 0xc1 extended, 0xc2 progressive.
    pub frame: u8,
    /// Units between restart markers; 0 for none.
    pub restart: u16,
    pub scans: Vec<Scan>,
    /// Segments after SOI.
    pub markers: Vec<u8>,
    /// Bytes before every marker after the first.
    pub before_markers: Vec<u8>,
    /// Quantisation values of two bytes.
    pub wide: bool,
    pub seed: u64,
}

/// A marker and its segment.
pub fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
}

/// All components in one scan.
pub fn one_scan(components: usize) -> Vec<Scan> {
    vec![Scan { components: (0..components).collect(), first: 0, last: 63, high: 0, low: 0 }]
}

/// One scan a component.
pub fn scan_each(components: usize) -> Vec<Scan> {
    (0..components).map(|at| Scan { components: vec![at], first: 0, last: 63, high: 0, low: 0 }).collect()
}

/// Progressive scans: DC values to their second bit, coefficients in two bands, the second to its third bit, then
/// all that is left, a bit a scan. `together` puts the components' DC values in one scan.
pub fn progressive(components: usize, together: bool) -> Vec<Scan> {
    let scan = |parts: Vec<usize>, first, last, high, low| Scan { components: parts, first, last, high, low };
    let all: Vec<usize> = (0..components).collect();
    let dc: Vec<Vec<usize>> = if together { vec![all.clone()] } else { all.iter().map(|&at| vec![at]).collect() };
    let mut scans: Vec<Scan> = dc.iter().map(|parts| scan(parts.clone(), 0, 0, 0, 1)).collect();
    for &at in &all {
        scans.push(scan(vec![at], 1, 5, 0, 0));
        scans.push(scan(vec![at], 6, 63, 0, 2));
        scans.push(scan(vec![at], 6, 63, 2, 1));
    }
    scans.extend(dc.into_iter().map(|parts| scan(parts, 0, 0, 1, 0)));
    scans.extend(all.into_iter().map(|at| scan(vec![at], 6, 63, 1, 0)));
    scans
}

/// Pseudo-random numbers (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % end
    }
}

const ZIGZAG_ROW: [u8; 64] = [
    0, 0, 1, 2, 1, 0, 0, 1, 2, 3, 4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 6,
    5, 4, 3, 2, 1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 4, 5, 6, 7, 7, 6, 5, 6, 7, 7,
];

/// Blocks of coefficients in zigzag order.
struct Plane {
    /// Blocks across in the frame's whole units.
    stride: usize,
    /// Blocks across and down that belong to the picture.
    own: [usize; 2],
    blocks: Vec<[i32; 64]>,
}

impl Jpeg {
    fn most(&self, side: fn(&Component) -> u8) -> usize {
        self.components.iter().map(side).max().unwrap_or(1).into()
    }

    fn units(&self) -> [usize; 2] {
        let (across, down) = (self.most(|c| c.across), self.most(|c| c.down));
        [usize::from(self.width).div_ceil(8 * across), usize::from(self.height).div_ceil(8 * down)]
    }

    /// The quantisation value of a coefficient.
    fn step(&self, k: usize) -> i32 {
        if self.wide { 260 + k as i32 } else { 3 + k as i32 / 3 }
    }

    fn planes(&self) -> Vec<Plane> {
        let (most_across, most_down, units) = (self.most(|c| c.across), self.most(|c| c.down), self.units());
        let mut draw = Draw(self.seed);
        let plane = |component: &Component| {
            let [across, down] = [usize::from(component.across), usize::from(component.down)];
            let own = [
                (usize::from(self.width) * across).div_ceil(8 * most_across),
                (usize::from(self.height) * down).div_ceil(8 * most_down),
            ];
            let stride = units[0] * across;
            let blocks = (0..stride * units[1] * down).map(|_| self.block(&mut draw)).collect();
            Plane { stride, own, blocks }
        };
        self.components.iter().map(plane).collect()
    }

    /// Coefficients that stay within what a transform of samples can give.
    fn block(&self, draw: &mut Draw) -> [i32; 64] {
        let mut block = [0; 64];
        block[0] = (draw.below(1401) as i32 - 700) / self.step(0);
        for _ in 0..draw.below(9) {
            let below = if draw.below(3) == 0 { 63 } else { 12 };
            let k = 1 + draw.below(below) as usize;
            let most = (240 / (1 + i32::from(ZIGZAG_ROW[k]))).max(self.step(k)) / self.step(k);
            block[k] = draw.below(2 * most as u64 + 1) as i32 - most;
        }
        block
    }

    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0xff, 0xd8];
        out.extend(&self.markers);
        let mut put = |segment: Vec<u8>| {
            out.extend(&self.before_markers);
            out.extend(segment);
        };
        let mut table = vec![u8::from(self.wide) << 4];
        for k in 0..64 {
            let step = (self.step(k) as u16).to_be_bytes();
            table.extend(if self.wide { &step[..] } else { &step[1..] });
        }
        put(segment(0xdb, &table));
        let [top, bottom] = self.height.to_be_bytes();
        let [left, right] = self.width.to_be_bytes();
        let mut frame = vec![8, top, bottom, left, right, self.components.len() as u8];
        self.components.iter().for_each(|c| frame.extend([c.id, c.across << 4 | c.down, 0]));
        put(segment(self.frame, &frame));
        put(segment(0xc4, &huffman_tables()));
        if self.restart > 0 {
            put(segment(0xdd, &self.restart.to_be_bytes()));
        }
        let planes = self.planes();
        for scan in &self.scans {
            let mut head = vec![scan.components.len() as u8];
            scan.components.iter().for_each(|&at| head.extend([self.components[at].id, 0]));
            head.extend([scan.first, scan.last, scan.high << 4 | scan.low]);
            let data = self.scan(scan, &planes);
            put([segment(0xda, &head), data].concat());
        }
        put(vec![0xff, 0xd9]);
        out
    }

    fn scan(&self, scan: &Scan, planes: &[Plane]) -> Vec<u8> {
        let mut coder = Coder { scan, progressive: self.frame == 0xc2, ..Coder::new(scan) };
        let single = scan.components.len() == 1;
        let [across, down] = if single { planes[scan.components[0]].own } else { self.units() };
        for unit in 0..across * down {
            if self.restart > 0 && unit > 0 && unit % usize::from(self.restart) == 0 {
                coder.restart(unit / usize::from(self.restart) - 1);
            }
            let (x, y) = (unit % across, unit / across);
            for &at in &scan.components {
                let component = &self.components[at];
                let [w, h] = if single { [1, 1] } else { [component.across, component.down].map(usize::from) };
                for place in 0..w * h {
                    let (column, row) = (x * w + place % w, y * h + place / w);
                    coder.block(at, &planes[at].blocks[row * planes[at].stride + column]);
                }
            }
        }
        coder.end();
        coder.out
    }
}

/// One table of DC codes and one of AC codes, for any symbols: 12 of four bits; 128 of eight bits and 128 of nine.
fn huffman_tables() -> Vec<u8> {
    let mut dc = [0; 17];
    dc[4] = 12;
    let mut ac = [0; 17];
    (ac[0], ac[8], ac[9]) = (0x10, 128, 128);
    [&dc[..], &(0..12).collect::<Vec<u8>>(), &ac, &(0..=255).collect::<Vec<u8>>()].concat()
}

/// The entropy coder of a scan (ITU-T T.81, annexes F and G).
struct Coder<'a> {
    scan: &'a Scan,
    progressive: bool,
    out: Vec<u8>,
    bits: u64,
    count: u32,
    /// DC values of the components' blocks before.
    before: [i32; 4],
    /// Blocks in a row whose bands are at their end, and the correction bits that belong to them.
    ended: u32,
    held: Vec<u32>,
}

fn size_of(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

impl<'a> Coder<'a> {
    fn new(scan: &'a Scan) -> Self {
        Self { scan, progressive: false, out: vec![], bits: 0, count: 0, before: [0; 4], ended: 0, held: vec![] }
    }

    fn put(&mut self, value: u32, len: u32) {
        self.bits = self.bits << len | u64::from(value) & ((1 << len) - 1);
        self.count += len;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.bits >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xff {
                self.out.push(0);
            }
        }
    }

    fn dc_symbol(&mut self, symbol: u32) {
        self.put(symbol, 4);
    }

    fn ac_symbol(&mut self, symbol: u32) {
        if symbol < 128 { self.put(symbol, 8) } else { self.put(256 + symbol - 128, 9) }
    }

    /// The bits of a value of a known size: negative ones less one.
    fn value(&mut self, value: i32, size: u32) {
        self.put((if value < 0 { value - 1 } else { value }) as u32, size);
    }

    /// The run of ended blocks, and what was held back for them.
    fn flush(&mut self) {
        if self.ended > 0 {
            let size = self.ended.ilog2();
            self.ac_symbol(size << 4);
            self.put(self.ended, size);
            self.ended = 0;
            std::mem::take(&mut self.held).into_iter().for_each(|bit| self.put(bit, 1));
        }
    }

    fn end(&mut self) {
        self.flush();
        self.put(0x7f, (8 - self.count % 8) % 8);
    }

    fn restart(&mut self, number: usize) {
        self.end();
        self.out.extend([0xff, 0xd0 + (number % 8) as u8]);
        self.before = [0; 4];
    }

    fn block(&mut self, component: usize, block: &[i32; 64]) {
        let (high, low) = (self.scan.high, self.scan.low);
        match (self.progressive, self.scan.first) {
            (false, _) => {
                self.dc(component, block[0]);
                self.sequential(block);
            }
            (true, 0) if high == 0 => self.dc(component, block[0] >> low),
            (true, 0) => self.put((block[0] >> low) as u32, 1),
            (true, _) if high == 0 => self.first_bits(block),
            (true, _) => self.next_bit(block),
        }
    }

    fn dc(&mut self, component: usize, value: i32) {
        let difference = value - self.before[component];
        self.before[component] = value;
        self.dc_symbol(size_of(difference));
        self.value(difference, size_of(difference));
    }

    fn sequential(&mut self, block: &[i32; 64]) {
        let mut run = 0;
        for &value in &block[1..] {
            if value == 0 {
                run += 1;
                continue;
            }
            (0..run / 16).for_each(|_| self.ac_symbol(0xf0));
            self.ac_symbol(((run % 16) << 4) | size_of(value));
            self.value(value, size_of(value));
            run = 0;
        }
        if run > 0 {
            self.ac_symbol(0);
        }
    }

    /// A band without its lowest bits.
    fn first_bits(&mut self, block: &[i32; 64]) {
        let mut run = 0;
        for coefficient in &block[usize::from(self.scan.first)..=usize::from(self.scan.last)] {
            let value = (coefficient.abs() >> self.scan.low) * coefficient.signum();
            if value == 0 {
                run += 1;
                continue;
            }
            self.flush();
            (0..run / 16).for_each(|_| self.ac_symbol(0xf0));
            self.ac_symbol(((run % 16) << 4) | size_of(value));
            self.value(value, size_of(value));
            run = 0;
        }
        if run > 0 {
            self.ended += 1;
        }
    }

    /// The next bit of a band: corrections of what is not zero, and what becomes one now.
    fn next_bit(&mut self, block: &[i32; 64]) {
        let band = usize::from(self.scan.first)..=usize::from(self.scan.last);
        let size = |k: usize| (block[k].abs() >> self.scan.low) as u32;
        let last_new = band.clone().rev().find(|&k| size(k) == 1).unwrap_or(0);
        let (mut run, mut corrections) = (0, Vec::new());
        for k in band {
            if size(k) == 0 {
                run += 1;
                continue;
            }
            while run > 15 && k <= last_new {
                self.flush();
                self.ac_symbol(0xf0);
                run -= 16;
                corrections.drain(..).for_each(|bit| self.put(bit, 1));
            }
            if size(k) > 1 {
                corrections.push(size(k) & 1);
                continue;
            }
            self.flush();
            self.ac_symbol(run << 4 | 1);
            self.put(u32::from(block[k] > 0), 1);
            corrections.drain(..).for_each(|bit| self.put(bit, 1));
            run = 0;
        }
        if run > 0 || !corrections.is_empty() {
            self.ended += 1;
            self.held.extend(corrections);
        }
    }
}

//! The data sets that can be fetched: their files, where their makers keep them, and their checksums.

use crate::data::Source;

/// One file as its maker publishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedFile {
    /// The name.
    pub name: &'static str,
    /// The MD5 in hexadecimal, where it is known.
    pub md5: Option<&'static str>,
}

/// One data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The name that it is fetched by.
    pub name: &'static str,
    /// What reads its files.
    pub source: Source,
    /// The address that file names are added to.
    pub url: &'static str,
    /// The files there.
    pub files: &'static [PublishedFile],
    /// Files taken out of a gzipped tar archive among them; nothing else in it is written.
    pub inside: &'static [PublishedFile],
}

const fn file(name: &'static str, md5: &'static str) -> PublishedFile {
    PublishedFile { name, md5: Some(md5) }
}

const fn unchecked(name: &'static str) -> PublishedFile {
    PublishedFile { name, md5: None }
}

/// Every data set that can be fetched. The checksums of the files to download are those of the makers' pages (for
/// MNIST, whose page has none, torchvision's); a CIFAR archive vouches for the files in it, and those of CIFAR-100
/// are known besides, so that a local copy can be distinguished from another order of its records.
pub const CATALOGUE: [Published; 4] = [
    Published {
        name: "mnist",
        source: Source::Idx,
        url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
        files: &[
            file("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            file("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
            file("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
            file("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
        ],
        inside: &[],
    },
    Published {
        name: "fashion-mnist",
        source: Source::FashionMnist,
        url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        files: &[
            file("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            file("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
            file("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
            file("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        ],
        inside: &[],
    },
    Published {
        name: "cifar10",
        source: Source::Cifar10,
        url: "https://www.cs.toronto.edu/~kriz/",
        files: &[file("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")],
        inside: &[
            unchecked("data_batch_1.bin"),
            unchecked("data_batch_2.bin"),
            unchecked("data_batch_3.bin"),
            unchecked("data_batch_4.bin"),
            unchecked("data_batch_5.bin"),
            unchecked("test_batch.bin"),
        ],
    },
    Published {
        name: "cifar100",
        source: Source::Cifar100,
        url: "https://www.cs.toronto.edu/~kriz/",
        files: &[file("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8")],
        inside: &[
            file("train.bin", "6172c7755cfe09b2fe270c85cebc1b15"),
            file("test.bin", "4499cfba6c016c1be1438163640a0898"),
        ],
    },
];

#!/usr/bin/env python3
"""Makes nifti/: tiny files whose headers nibabel writes, and expected.tsv, which says what nibabel reads from them.

Needs numpy and nibabel only (made with nibabel 5.0.0):

    apt-get install python3-nibabel && /usr/bin/python3 make_nifti.py
"""

import gzip
import hashlib
import itertools
import shutil

import nibabel
import numpy as np
from nibabel import cifti2
from nibabel.nifti1 import Nifti1Extension, Nifti1Header, Nifti1PairHeader
from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader

from golden import FOLDER

TARGET = FOLDER / "nifti"
COLUMNS = (
    "path kind endian dim datatype bitpix pixdim vox_offset scl_slope scl_inter qform_code sform_code intent_code extensions "
    "axcodes nibabel_dtype shape data_min data_max data_sum sha256_of_voxels note affine voxels").split()
STRAIGHT = np.array([[-2.0, 0, 0, 90], [0, 2.5, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
rows = []


def ramp(shape, dtype="int16"):
    return np.arange(np.prod(shape)).reshape(shape, order="F").astype(dtype)


def turned(degrees_x, degrees_z, zooms=(1.5, 2.0, 3.0), shift=(-20.5, 31.25, 7.0), mirrored=False):
    (cx, sx), (cz, sz) = ((np.cos(a), np.sin(a)) for a in np.radians([degrees_x, degrees_z]))
    rotation = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag([zooms[0], zooms[1], -zooms[2] if mirrored else zooms[2]])
    affine[:3, 3] = shift
    return affine


def write(path, voxels, order="<", version=1, zooms=None, sform=None, qform=None, scaling=(1, 0), units=("mm", "sec"), extensions=(), offset=None, edit=None):
    """Writes a file or, where the name ends in .hdr or .hdr.gz, a pair."""
    pair = ".hdr" in path
    header = {1: (Nifti1Header, Nifti1PairHeader), 2: (Nifti2Header, Nifti2PairHeader)}[version][pair](endianness=order)
    header.set_data_shape(voxels.shape)
    header.set_data_dtype(voxels.dtype)
    header.set_zooms(zooms or [2.0, 2.5, 3.0, 1.5, 1, 1, 1][:voxels.ndim])
    if units:
        header.set_xyzt_units(*units)
    if qform:
        header.set_qform(*qform)
    if sform:
        header.set_sform(*sform)
    header["scl_slope"], header["scl_inter"] = scaling
    header.extensions.extend(Nifti1Extension(code, content) for code, content in extensions)
    if not pair:
        start = header.sizeof_hdr + 4 + sum(e.get_sizeondisk() for e in header.extensions)
        header.set_data_offset(offset or start)
    if edit:
        edit(header)

    raw = voxels.astype(voxels.dtype.newbyteorder(order)).tobytes(order="F")
    file = TARGET / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with open_to_write(file) as stream:
        header.write_to(stream)
        if not pair:
            stream.write(b"\0" * (int(header.get_data_offset()) - stream.tell()) + raw)
    if pair:
        with open_to_write(TARGET / path.replace(".hdr", ".img")) as stream:
            stream.write(raw)


def open_to_write(file):
    if file.suffix != ".gz":
        return open(file, "wb")
    return gzip.GzipFile(file.name, "wb", fileobj=open(file, "wb"), mtime=0)


def expect(path, refused=None):
    """Adds the row of a file: the fields of its header as they lie there, and the image as nibabel sees it."""
    row = dict.fromkeys(COLUMNS, "")
    row["path"] = path
    rows.append(row)
    if refused:
        row["note"] = f"refused: {refused}"
        return
    header_file = TARGET / path.replace(".img", ".hdr")
    opened = gzip.open(header_file) if header_file.suffix == ".gz" else open(header_file, "rb")
    with opened as stream:
        start = stream.read(4)
        version = 2 if 540 in (int.from_bytes(start, "little"), int.from_bytes(start, "big")) else 1
        stream.seek(0)
        pair = ".hdr" in header_file.name
        header = {1: (Nifti1Header, Nifti1PairHeader), 2: (Nifti2Header, Nifti2PairHeader)}[version][pair].from_fileobj(stream, check=False)
    image = nibabel.load(TARGET / path)
    raw = np.asanyarray(image.dataobj.get_unscaled())
    data = image.get_fdata()
    finite = data[np.isfinite(data)]
    # The library converts all coordinates to millimeters, nibabel leaves them in the unit of the file.
    affine = image.affine.copy()
    affine[:3] *= {"meter": 1e3, "micron": 1e-3}.get(header.get_xyzt_units()[0], 1)
    codes = [extension.get_code() for extension in header.extensions]
    row.update(
        kind=f"nifti{version}-{'pair' if pair else 'single'}", endian="little" if header.endianness == "<" else "big",
        dim=numbers(header["dim"]), datatype=int(header["datatype"]), bitpix=int(header["bitpix"]), pixdim=numbers(header["pixdim"]),
        vox_offset=float(header["vox_offset"]), scl_slope=number(header["scl_slope"]), scl_inter=number(header["scl_inter"]),
        qform_code=int(header["qform_code"]), sform_code=int(header["sform_code"]), intent_code=int(header["intent_code"]),
        extensions=f"n={len(codes)} codes={codes}", axcodes="".join(nibabel.aff2axcodes(affine)), nibabel_dtype=str(image.get_data_dtype()),
        shape=numbers(data.shape), data_min=number(finite.min()), data_max=number(finite.max()), data_sum=number(finite.sum()),
        sha256_of_voxels=hashlib.sha256(raw.astype(raw.dtype.newbyteorder("<")).tobytes(order="F")).hexdigest(),
        affine=numbers(affine[:3].flatten()), voxels=numbers(data.flatten(order="F")))


def number(value):
    value = float(value)
    return "NaN" if value != value else str(value).replace("inf", "Infinity")


def numbers(values):
    return "(" + ", ".join(str(v) if isinstance(v, int) else str(v.item()) if v.dtype.kind in "iu" else number(v) for v in values) + ")"


def single(path, voxels, **how):
    write(path, voxels, **how)
    expect(path)


def types():
    extremes = dict(
        uint8=[255], int8=[-128, 127], uint16=[65535], int16=[-32768, 32767], uint32=[4294967295], int32=[-2147483648],
        uint64=[2 ** 63], int64=[-2 ** 62], float32=[-1e30, 1e-30, np.nan, np.inf, -np.inf], float64=[-1e30, 0.1, np.nan, np.inf, -np.inf])
    for name, values in extremes.items():
        voxels = ramp((2, 3, 4), name)
        voxels.ravel(order="K")[:len(values)] = np.array(values, name)
        for order, suffix in (("<", "little"), (">", "big")):
            single(f"types/{name}-{suffix}.nii", voxels, order=order, sform=(STRAIGHT, 1))


def geometry():
    voxels = ramp((2, 3, 4))
    other = turned(0, 0, shift=(1, 2, 3))
    single("geometry/neither.nii", voxels)
    single("geometry/sform.nii", voxels, sform=(STRAIGHT, 4))
    single("geometry/sform-oblique.nii", voxels, sform=(turned(20, -35), 2))
    single("geometry/sform-oblique-mirrored.nii", voxels, sform=(turned(-30, 15, mirrored=True), 2))
    shear = turned(10, 10)
    shear[0, 1] += 0.25
    single("geometry/sform-shear.nii", voxels, sform=(shear, 3))
    single("geometry/qform.nii", voxels, qform=(STRAIGHT, 1))
    single("geometry/qform-oblique.nii", voxels, qform=(turned(20, -35), 1))
    single("geometry/qform-oblique-big.nii", voxels, order=">", qform=(turned(-25, 40), 3))
    single("geometry/qform-half-turn.nii", voxels, qform=(turned(180, 0), 1))
    single("geometry/qform-mirrored.nii", voxels, qform=(turned(20, -35, mirrored=True), 1))
    single("geometry/qfac-zero.nii", voxels, qform=(turned(5, 5), 1), edit=lambda header: header["pixdim"].__setitem__(0, 0))
    single("geometry/sform-beats-qform.nii", voxels, sform=(STRAIGHT, 1), qform=(other, 2))
    single("geometry/sform-without-code.nii", voxels, sform=(STRAIGHT, 0), qform=(other, 2))
    single("geometry/both-without-code.nii", voxels, sform=(STRAIGHT, 0), qform=(other, 0))
    single("geometry/meters.nii", voxels, sform=(turned(3, 4, zooms=(1e-3, 2e-3, 3e-3), shift=(0.01, 0.02, -0.03)), 1), units=("meter", "sec"))
    single("geometry/micrometers.nii", voxels, qform=(turned(0, 0, zooms=(500, 750, 1000), shift=(1e4, -2e4, 5e3)), 1), units=("micron", "sec"))
    single("geometry/no-unit.nii", voxels, sform=(STRAIGHT, 1), units=None)


def orientations():
    """One volume in all 48 orders and directions of its axes."""
    ras = nibabel.Nifti1Image(ramp((2, 3, 4), "uint8"), turned(0, 0))
    for axes in itertools.permutations(["LR", "PA", "IS"]):
        for codes in itertools.product(*axes):
            change = nibabel.orientations.ornt_transform(nibabel.io_orientation(ras.affine), nibabel.orientations.axcodes2ornt(codes))
            image = ras.as_reoriented(change)
            assert nibabel.aff2axcodes(image.affine) == codes
            write(f"orientations/{''.join(codes)}.nii.gz", np.asanyarray(image.dataobj), sform=(image.affine, 2), zooms=image.header.get_zooms())


def shapes():
    for shape in [(5,), (4, 3), (4, 3, 2, 1), (3, 2, 2, 5), (2, 1, 2, 1, 3), (2, 2, 1, 2, 1, 2, 2)]:
        single(f"shapes/{'x'.join(map(str, shape))}.nii", ramp(shape), sform=(STRAIGHT, 2))
    single("shapes/scaled-frames.nii", ramp((3, 2, 2, 4)), sform=(STRAIGHT, 2), qform=(STRAIGHT, 2), scaling=(0.0754, 3100.75))


def scaling():
    for name, values in dict(slope=(0.25, 0), both=(-1.5, 100.125), intercept=(1, -5), zero=(0, 7), nan=(np.nan, np.nan), infinite=(np.inf, 3)).items():
        single(f"scaling/{name}.nii", ramp((2, 3, 4)), sform=(STRAIGHT, 2), scaling=values)
    single("scaling/float64.nii", ramp((2, 3, 4), "float64") / 3, sform=(STRAIGHT, 2), scaling=(1e-3, 0.5), order=">")
    single("scaling/uint8.nii", ramp((2, 3, 4), "uint8"), sform=(STRAIGHT, 2), scaling=(0.1, 0.2))


def files():
    voxels = ramp((2, 3, 4))
    comment, long_comment = (6, b"a comment"), (6, b"a longer comment, beyond sixteen bytes")
    single("files/one.nii.gz", voxels, sform=(STRAIGHT, 2))
    single("files/version-2.nii", voxels, version=2, sform=(STRAIGHT, 2))
    single("files/version-2-big.nii.gz", voxels, version=2, order=">", qform=(turned(10, 20), 1))
    single("files/extension.nii", voxels, sform=(STRAIGHT, 2), extensions=[comment])
    single("files/extensions-big.nii", voxels, order=">", sform=(STRAIGHT, 2), extensions=[comment, long_comment, (4, b"")])
    single("files/version-2-extension.nii", voxels, version=2, sform=(STRAIGHT, 2), extensions=[long_comment])
    single("files/gap.nii", voxels, sform=(STRAIGHT, 2), offset=512)
    for path, how in {
        "files/pair.hdr": dict(sform=(STRAIGHT, 2)), "files/pair-big.hdr": dict(order=">", qform=(turned(10, 20), 1), scaling=(2, 1)),
        "files/pair.hdr.gz": dict(sform=(STRAIGHT, 2)), "files/version-2-pair.hdr": dict(version=2, sform=(STRAIGHT, 2)),
    }.items():
        path = path.replace("pair.hdr.gz", "pair-compressed.hdr.gz")
        write(path, voxels, **how)
        expect(path)
        expect(path.replace(".hdr", ".img"))


def refused():
    def write_and_refuse(path, voxels, why, **how):
        write(path, voxels, **how)
        expect(path, why)

    colors = np.zeros((2, 3, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    transparent = np.zeros((2, 3, 4), [("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])
    write_and_refuse("refused/rgb24.nii", colors, "colors")
    write_and_refuse("refused/rgba32.nii", transparent, "colors")
    write_and_refuse("refused/complex64.nii", ramp((2, 3, 4), "complex64"), "complex numbers")
    write_and_refuse("refused/complex128.nii", ramp((2, 3, 4), "complex128"), "complex numbers", order=">")

    write("refused/float128.nii", ramp((2, 3, 4), "complex128"), edit=lambda header: header.__setitem__("datatype", 1536))
    expect("refused/float128.nii", "floats of 128 bits")

    write("refused/half-of-a-pair.hdr", ramp((2, 3, 4)))
    (TARGET / "refused/half-of-a-pair.img").unlink()
    expect("refused/half-of-a-pair.hdr", "its .img is missing")

    write("refused/cut-off.nii", ramp((2, 3, 4)))
    whole = (TARGET / "refused/cut-off.nii").read_bytes()
    (TARGET / "refused/cut-off.nii").write_bytes(whole[:-1])
    expect("refused/cut-off.nii", "the last byte is missing")

    write("refused/cut-off.nii.gz", ramp((2, 3, 4)))
    whole = (TARGET / "refused/cut-off.nii.gz").read_bytes()
    (TARGET / "refused/cut-off.nii.gz").write_bytes(whole[:-9])
    expect("refused/cut-off.nii.gz", "the gzip data are cut off")

    nibabel.AnalyzeImage(ramp((2, 3, 4)), np.diag([2.0, 2.5, 3.0, 1.0])).to_filename(TARGET / "refused/analyze.hdr")
    expect("refused/analyze.hdr", "an Analyze 7.5 file")

    axes = cifti2.ScalarAxis(["a", "b"]), cifti2.SeriesAxis(0, 1, 3)
    cifti2.Cifti2Image(np.arange(6, dtype="float32").reshape(2, 3), axes).to_filename(TARGET / "refused/matrix.dscalar.nii")
    expect("refused/matrix.dscalar.nii", "a CIFTI-2 matrix")

    (TARGET / "refused/text.nii").write_text("This is no image.\n" * 30)
    expect("refused/text.nii", "not NIfTI at all")


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    types()
    geometry()
    orientations()
    shapes()
    scaling()
    files()
    refused()
    lines = ["\t".join(COLUMNS)] + ["\t".join(str(row[column]) for column in COLUMNS) for row in sorted(rows, key=lambda row: row["path"])]
    (TARGET / "expected.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"nifti/: {sum(path.is_file() for path in TARGET.rglob('*'))} files, {len(rows)} rows")


if __name__ == "__main__":
    main()

package backup

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/lzw"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"etcdkit/internal/spill"
	"etcdkit/snapshot"
)

// Foreign is a snapshot that another program has left in a file: plain, or in
// the layers of gzip, zlib, lzw, zip, zstd and age that k3s, rke2, OpenShift,
// kops, talos-backup and etcd-backup-restore use.
type Foreign struct {
	*Plain
	Layers      []string // the outermost first
	HasChecksum bool     // a sha256 ends the snapshot, and is right
}

// kopsData is the file in a directory of a backup by kops.
const kopsData = "etcd.backup.gz"

// maxLayers is how many layers are removed.
const maxLayers = 5

// OpenFile reads the snapshot in the file of another program into a temporary
// file and checks all pages and records. The layers are recognised by their
// content, only lzw by the name. The file is never written to. The caller closes
// the result.
func OpenFile(ctx context.Context, path string, ids []age.Identity) (_ *Foreign, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		inner := filepath.Join(path, kopsData)
		if _, err := os.Stat(inner); err != nil {
			return nil, fmt.Errorf("%s is a directory: give the file of a snapshot in it", path)
		}
		path = inner
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	f := &Foreign{}
	f.Plain, err = newPlain(ctx, func(tmp *spill.File) error { return f.fill(ctx, foreignFile{in, path, ids}, tmp) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// foreignFile is an open file and what opens its layers.
type foreignFile struct {
	*os.File
	path string
	ids  []age.Identity
}

// fill copies the plain snapshot to tmp.
func (f *Foreign) fill(ctx context.Context, in foreignFile, tmp *spill.File) error {
	u := &unwrapper{file: in}
	defer u.close()
	plain, err := u.unwrap()
	if err != nil {
		return err
	}
	f.Layers = u.layers
	_, sumErr, err := snapshot.Receive(ctx, plain, sink{tmp})
	var path *os.PathError
	switch {
	case errors.Is(err, errSink), errors.As(err, &path), ctx.Err() != nil:
		return err
	case err != nil:
		return damaged("%w", err)
	case errors.Is(sumErr, snapshot.ErrChecksum):
		return damaged("the checksum at its end is wrong: %w", sumErr)
	}
	f.HasChecksum = sumErr == nil
	return nil
}

// unwrapper removes layers.
type unwrapper struct {
	file   foreignFile
	layers []string
	closed []func()
}

func (u *unwrapper) close() {
	for _, c := range u.closed {
		c()
	}
}

// layer is a way in which a snapshot is stored.
type layer struct {
	name string
	is   func(head []byte) bool
	open func(u *unwrapper, r *bufio.Reader) (io.Reader, error)
}

func layers() []layer {
	begins := func(magic string) func([]byte) bool {
		return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
	}
	return []layer{
		{"gzip", begins("\x1f\x8b"), func(_ *unwrapper, r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"zstd", begins("\x28\xb5\x2f\xfd"), openZstd},
		{"zip", begins("PK\x03\x04"), openZip},
		{"age", begins("age-encryption.org/v1\n"), openAge},
		{"age, armored", begins("-----BEGIN AGE"), func(*unwrapper, *bufio.Reader) (io.Reader, error) {
			return nil, errors.New("armored by age: decrypt it with age first")
		}},
		{"zlib", isZlib, func(_ *unwrapper, r *bufio.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
		{"tar", func(head []byte) bool { return len(head) > 262 && string(head[257:262]) == "ustar" }, func(*unwrapper, *bufio.Reader) (io.Reader, error) {
			return nil, damaged("an archive of files, not a snapshot; OpenShift leaves the snapshot beside it, as snapshot_*.db")
		}},
		{"increment", begins("[{"), func(*unwrapper, *bufio.Reader) (io.Reader, error) {
			return nil, damaged("events, not a snapshot: an increment of etcd-backup-restore; give the full snapshot, Full-*")
		}},
	}
}

// isZlib knows the two bytes that begin a stream of zlib with deflate.
func isZlib(head []byte) bool {
	return len(head) > 2 && head[0] == 0x78 && binary.BigEndian.Uint16(head)%31 == 0
}

// isDatabase knows the first meta page of bbolt.
func isDatabase(head []byte) bool {
	const at, magic = 16, 0xED0CDAED
	return len(head) >= at+4 && binary.NativeEndian.Uint32(head[at:]) == magic
}

// unwrap removes layers until the database is left.
func (u *unwrapper) unwrap() (io.Reader, error) {
	r := bufio.NewReaderSize(u.file.File, 64<<10)
	for range maxLayers {
		head, err := r.Peek(512)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(head) == 0 {
			return nil, damaged("empty")
		}
		if isDatabase(head) {
			return r, nil
		}
		next, err := u.next(r, head)
		if err != nil {
			return nil, err
		}
		r = bufio.NewReaderSize(next, 64<<10)
	}
	return nil, damaged("packed in more than %d layers", maxLayers)
}

// next removes one layer.
func (u *unwrapper) next(r *bufio.Reader, head []byte) (io.Reader, error) {
	for _, l := range layers() {
		if !l.is(head) {
			continue
		}
		u.layers = append(u.layers, l.name)
		in, err := l.open(u, r)
		if err != nil && !errors.Is(err, ErrIdentity) && !errors.Is(err, ErrDamaged) {
			err = damaged("%s: %w", l.name, err)
		}
		return in, err
	}
	if strings.HasSuffix(strings.TrimSuffix(u.file.path, ".final"), ".lzw") && len(u.layers) == 0 {
		u.layers = append(u.layers, "lzw")
		return lzw.NewReader(r, lzw.LSB, 8), nil
	}
	return nil, damaged("neither a snapshot of etcd nor one that is packed by gzip, zstd, zip, zlib, lzw or age")
}

func openZstd(u *unwrapper, r *bufio.Reader) (io.Reader, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxWindow(foreignWindow))
	if err != nil {
		return nil, err
	}
	u.closed = append(u.closed, z.Close)
	return z, nil
}

// foreignWindow bounds the memory for what others have compressed, in bytes.
const foreignWindow = 64 << 20

func openAge(u *unwrapper, r *bufio.Reader) (io.Reader, error) {
	if len(u.file.ids) == 0 {
		return nil, fmt.Errorf("encrypted by age: %w; give --age-identity FILE", ErrIdentity)
	}
	in, err := age.Decrypt(r, u.file.ids...)
	if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
		return nil, fmt.Errorf("encrypted by age to other recipients than those of --age-identity: %w", ErrIdentity)
	}
	return in, err
}

// openZip reads the only file of an archive.
func openZip(u *unwrapper, _ *bufio.Reader) (io.Reader, error) {
	if len(u.layers) > 1 {
		return nil, errors.New("below another layer: unpack it first")
	}
	info, err := u.file.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(u.file.File, info.Size())
	if err != nil {
		return nil, err
	}
	var only *zip.File
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if only != nil {
			return nil, fmt.Errorf("it has several files, such as %q and %q: unpack the snapshot first", only.Name, f.Name)
		}
		only = f
	}
	if only == nil {
		return nil, errors.New("it has no files")
	}
	in, err := only.Open()
	if err != nil {
		return nil, err
	}
	u.closed = append(u.closed, func() { _ = in.Close() }) // it was only read
	return in, nil
}

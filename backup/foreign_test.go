package backup_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/lzw"
	"compress/zlib"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
)

// through packs b by a writer.
func through(t testing.TB, b []byte, pack func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := pack(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
func zlibbed(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }
func lzwed(w io.Writer) (io.WriteCloser, error)   { return lzw.NewWriter(w, lzw.LSB, 8), nil }
func zstded(w io.Writer) (io.WriteCloser, error)  { return zstd.NewWriter(w) }

// zipped is the archive of one file that k3s makes.
func zipped(t testing.TB, names ...string) func([]byte) []byte {
	return func(b []byte) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for _, name := range names {
			w, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
}

// The files of other programs, by their rules, are read by their content, and
// stay as they are.
func TestForeignLayouts(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 30, Leases: 1})
	id := identity(t)
	aged := func(w io.Writer) (io.WriteCloser, error) { return age.Encrypt(w, id.Recipient()) }
	for path, tt := range map[string]struct {
		content []byte
		layers  []string
		plain   bool // without checksum
	}{
		"etcd-snapshot-node1-1700000000":                     {content: snapshot}, // k3s, rke2
		"etcd-snapshot-node1-1700000000.zip":                 {content: zipped(t, "etcd-snapshot-node1-1700000000")(snapshot), layers: []string{"zip"}},
		"snapshot_2026-11-30_021400.db":                      {content: snapshot}, // OpenShift
		"snapshot_2026-11-30_021400__dirty.db":               {content: snapshot[:len(snapshot)-32], plain: true},
		"2026-11-30T02:14:00Z-000001/etcd.backup.gz":         {content: through(t, snapshot, gzipped), layers: []string{"gzip"}}, // kops
		"prod-2026-11-30T02:14:00Z.snap":                     {content: snapshot},                                                // talos-backup
		"prod-2026-11-30T02:14:00Z.snap.zst":                 {content: through(t, snapshot, zstded), layers: []string{"zstd"}},
		"prod-2026-11-30T02:14:00Z.snap.age":                 {content: through(t, snapshot, aged), layers: []string{"age"}},
		"prod-2026-11-30T02:14:00Z.snap.zst.age":             {content: through(t, through(t, snapshot, zstded), aged), layers: []string{"age", "zstd"}},
		"v2/Full-00000000-00000031-1700000000":               {content: snapshot}, // etcd-backup-restore
		"v2/Full-00000000-00000031-1700000000.gz":            {content: through(t, snapshot, gzipped), layers: []string{"gzip"}},
		"v2/Full-00000000-00000031-1700000000.zlib.final":    {content: through(t, snapshot, zlibbed), layers: []string{"zlib"}},
		"Backup-1700000000/Full-00000000-00000031-17000.lzw": {content: through(t, snapshot, lzwed), layers: []string{"lzw"}},
		"renamed": {content: through(t, snapshot, zlibbed), layers: []string{"zlib"}},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			at := place(t, path, tt.content)
			f, err := backup.OpenFile(t.Context(), at, []age.Identity{id})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if !slices.Equal(f.Layers, tt.layers) || f.HasChecksum == tt.plain || f.Revision != 31 || f.Keys != 30 || f.Leases != 1 {
				t.Errorf("layers %v, checksum %v, %+v", f.Layers, f.HasChecksum, f.Contents)
			}
			got, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
			if err != nil || !bytes.HasPrefix(snapshot, got) || len(snapshot)-len(got) > 32 {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			if after, err := os.ReadFile(at); err != nil || !bytes.Equal(after, tt.content) {
				t.Error("the file was changed")
			}
		})
	}
	dir := filepath.Dir(place(t, "kops/etcd.backup.gz", through(t, snapshot, gzipped)))
	f, err := backup.OpenFile(t.Context(), dir, nil)
	if err != nil {
		t.Fatalf("a directory of kops: %v", err)
	}
	f.Close()
}

// place writes a file below a temporary directory, read-only.
func place(t testing.TB, path string, content []byte) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), path)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, content, 0o400); err != nil {
		t.Fatal(err)
	}
	return at
}

// What is no snapshot, or not a whole one, is refused in one line that names the
// file (reported mistakes: a .part offered as a backup, an empty download).
func TestForeignRefused(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 300, Value: 100})
	id, other := identity(t), identity(t)
	aged := through(t, snapshot, func(w io.Writer) (io.WriteCloser, error) { return age.Encrypt(w, other.Recipient()) })
	flipped := bytes.Clone(snapshot)
	flipped[len(flipped)/2] ^= 1
	packed := through(t, snapshot, gzipped)
	tar := make([]byte, 1024)
	copy(tar[257:], "ustar")
	for name, tt := range map[string]struct {
		content []byte
		want    error
	}{
		"empty": {nil, backup.ErrDamaged}, "text": {[]byte("hello"), backup.ErrDamaged}, "cut": {snapshot[:len(snapshot)-4000], backup.ErrDamaged},
		"cut at a page": {snapshot[:8192], backup.ErrDamaged}, "flipped": {flipped, backup.ErrDamaged}, "gzip cut": {packed[:len(packed)-9], backup.ErrDamaged},
		"gzip, more": {append(bytes.Clone(packed), "more"...), backup.ErrDamaged}, "two files": {zipped(t, "a", "b")(snapshot), backup.ErrDamaged},
		"no file": {zipped(t)(nil), backup.ErrDamaged}, "tar": {through(t, tar, gzipped), backup.ErrDamaged},
		"increment": {[]byte(`[{"etcdEvent":{},"time":"x"}]`), backup.ErrDamaged}, "other keys": {aged, backup.ErrIdentity},
		"age cut": {aged[:len(aged)/2], backup.ErrIdentity},
	} {
		at := place(t, name, tt.content)
		f, err := backup.OpenFile(t.Context(), at, []age.Identity{id})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func FuzzForeign(f *testing.F) {
	snapshot := backuptest.Snapshot(f, backuptest.Contents{Keys: 2})
	for _, pack := range []func(io.Writer) (io.WriteCloser, error){gzipped, zlibbed, zstded} {
		f.Add(through(f, snapshot, pack))
	}
	f.Add(snapshot)
	f.Add(zipped(f, "a")(snapshot))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := backup.OpenFile(t.Context(), place(t, "file", content), nil)
		if err == nil {
			p.Close()
		}
	})
}

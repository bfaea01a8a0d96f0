package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// archives writes the tar.gz and the zip of a target: one directory with the
// programs, share, LICENSE and README.md.
func (r *release) archives(t target, bin string, shared []file) error {
	top := "etcdkit_" + r.version.String() + "_" + t.String()
	files := programFiles(t, bin, path.Join(top, "bin"))
	for _, f := range shared {
		f.to = path.Join(top, f.to)
		files = append(files, f)
	}
	for _, name := range []string{"LICENSE", "README.md"} {
		files = append(files, file{from: filepath.Join(r.source, name), to: path.Join(top, name), mode: 0o644})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.to, b.to) })
	err := r.create(top+".tar.gz", func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, r.level)
		if err != nil {
			return err
		}
		if err := writeTar(z, files, r.time); err != nil {
			return err
		}
		return z.Close()
	})
	if err != nil {
		return err
	}
	return r.create(top+".zip", func(w io.Writer) error { return r.writeZip(w, files) })
}

// create writes a file of the release.
func (r *release) create(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(filepath.Join(r.out, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	return f.Close()
}

// writeTar writes files, which are in order, with one time and owner.
func writeTar(w io.Writer, files []file, at time.Time) error {
	tw := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{Name: f.to, Mode: int64(f.mode.Perm()), ModTime: at, Uname: "root", Gname: "root"}
		switch {
		case f.link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, f.link
		case f.from == "":
			h.Typeflag, h.Name = tar.TypeDir, f.to+"/"
			if f.mode&os.ModeSticky != 0 {
				h.Mode |= 0o1000
			}
		default:
			info, err := os.Stat(f.from)
			if err != nil {
				return err
			}
			h.Typeflag, h.Size = tar.TypeReg, info.Size()
		}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			if err := copyFile(tw, f.from); err != nil {
				return err
			}
		}
	}
	return tw.Close()
}

func (r *release) writeZip(w io.Writer, files []file) error {
	zw := zip.NewWriter(w)
	zw.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, r.level) })
	for _, f := range files {
		h := &zip.FileHeader{Name: f.to, Method: zip.Deflate, Modified: r.time}
		h.SetMode(f.mode)
		out, err := zw.CreateHeader(h)
		if err != nil {
			return err
		}
		if err := copyFile(out, f.from); err != nil {
			return err
		}
	}
	return zw.Close()
}

func copyFile(w io.Writer, name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(w, in)
	return err
}

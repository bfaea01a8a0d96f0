// Command dist makes the packages of a release from one source tree: archives,
// packages of distributions, container images, a formula for Homebrew, a bill of
// materials and checksums. Two runs on one commit write the same bytes. It uploads nothing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// A release is what one run makes.
type release struct {
	source  string    // root of the source tree
	out     string    // directory of the packages
	work    string    // directory for files on the way, emptied at the end
	stamp   string    // version that the programs print
	version version   // version of the packages
	time    time.Time // of every file
	flags   []string  // of go build
	bin     string    // directory of programs for the only target; "" builds them
	url     string    // where the archives are found
	busybox string    // a busybox program for the second image; "" makes none
	level   int       // of compression, 1 to 9
	kinds   []string  // what to make, besides the checksums
	targets []target
}

// A target is a platform.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "_" + t.arch }

func (t target) exe(program string) string {
	if t.os == "windows" {
		return program + ".exe"
	}
	return program
}

// programs are those of a package.
func programs() []string { return []string{"etcdctl", "etcdutl", "etcdutl-server"} }

func run(args []string) error {
	r, err := parse(args)
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(r.out); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty: remove it first", r.out)
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if r.work, err = os.MkdirTemp("", "dist"); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	return r.make()
}

func parse(args []string) (*release, error) {
	r, fs := &release{}, flag.NewFlagSet("dist", flag.ContinueOnError)
	fs.StringVar(&r.source, "source", "../../..", "root of the source tree")
	fs.StringVar(&r.out, "out", "", "directory to write, new or empty")
	fs.StringVar(&r.stamp, "version", "", "version of the programs, as \"git describe\" prints it")
	fs.StringVar(&r.bin, "bin", "", "directory of programs to package for the only target instead of building them")
	fs.StringVar(&r.url, "url", "", "where the archives will be found")
	fs.StringVar(&r.busybox, "busybox", "", "a static busybox, for the image that has a shell")
	fs.IntVar(&r.level, "level", 9, "level of compression, from 1 to 9")
	kinds := fs.String("kinds", "archive deb rpm apk image sbom formula", "what to make, separated by blanks; a formula needs archives")
	tags := fs.String("tags", "", "tags of go build")
	ldflags := fs.String("ldflags", "", "flags of the linker")
	epoch := fs.Int64("epoch", 0, "time of every file, in seconds since 1970")
	targets := fs.String("targets", "linux/amd64", "platforms, separated by blanks")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	for _, name := range strings.Fields(*targets) {
		system, arch, _ := strings.Cut(name, "/")
		r.targets = append(r.targets, target{system, arch})
	}
	r.kinds = strings.Fields(*kinds)
	r.time = time.Unix(*epoch, 0).UTC()
	r.flags = []string{"-trimpath", "-buildvcs=false", "-tags", *tags, "-ldflags", "-s -w " + *ldflags}
	r.version = versionOf(r.stamp, r.time)
	switch {
	case r.out == "" || *epoch == 0 || r.url == "":
		return nil, errors.New("-out, -epoch and -url are needed")
	case r.bin != "" && len(r.targets) != 1:
		return nil, errors.New("-bin is for one target")
	}
	var err error
	if r.out, err = filepath.Abs(r.out); err != nil {
		return nil, err
	}
	r.source, err = filepath.Abs(r.source)
	return r, err
}

// makes reports whether a kind is to be made.
func (r *release) makes(kind string) bool { return slices.Contains(r.kinds, kind) }

// make makes everything.
func (r *release) make() error {
	shared, err := r.sharedFiles()
	if err != nil {
		return err
	}
	var images []layered
	bill := newBill(r)
	for _, t := range r.targets {
		bin, err := r.build(t)
		if err != nil {
			return err
		}
		if err := r.makeFor(t, bin, shared, bill); err != nil {
			return err
		}
		if t.os == "linux" {
			images = append(images, layered{t, imageFiles(t, bin)})
		}
	}
	for _, one := range []struct {
		kind string
		make func() error
	}{
		{"image", func() error { return r.images(images) }},
		{"sbom", bill.write},
		{"formula", r.formula},
	} {
		if !r.makes(one.kind) {
			continue
		}
		if err := one.make(); err != nil {
			return err
		}
	}
	return r.sums()
}

// makeFor makes what belongs to one target.
func (r *release) makeFor(t target, bin string, shared []file, bill *bill) error {
	if err := bill.add(t, bin); err != nil {
		return err
	}
	if r.makes("archive") {
		if err := r.archives(t, bin, shared); err != nil {
			return err
		}
	}
	if t.os != "linux" {
		return nil
	}
	return r.packages(t, bin, shared)
}

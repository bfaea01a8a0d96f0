package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layered is the image of a target.
type layered struct {
	target
	files []file
}

// imageFiles are the files of an image: the programs, and a directory for their
// temporary files.
func imageFiles(t target, bin string) []file {
	dirs := []file{{to: "tmp", mode: 0o777 | os.ModeSticky}, {to: "usr", mode: 0o755}, {to: "usr/local", mode: 0o755}, {to: "usr/local/bin", mode: 0o755}}
	return append(dirs, programFiles(t, bin, "usr/local/bin")...)
}

// images writes the images of all targets as one OCI layout, and with a busybox a
// second one of the targets that it runs on.
func (r *release) images(all []layered) error {
	if err := r.image("image", all); err != nil {
		return err
	}
	if r.busybox == "" {
		fmt.Fprintln(os.Stderr, "dist: no image with busybox: BUSYBOX names no program")
		return nil
	}
	shell, arch, err := busyboxFiles(r.busybox)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(l layered) bool { return l.arch == arch })
	if i < 0 {
		return fmt.Errorf("%s is for %s, which is no target", r.busybox, arch)
	}
	return r.image("image-busybox", []layered{{all[i].target, slices.Concat(all[i].files, shell)}})
}

// image writes an OCI layout with an image for each target as a tar file.
func (r *release) image(name string, all []layered) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, one := range all {
		img, err := r.platformImage(one)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Platform:    &v1.Platform{OS: one.os, Architecture: one.arch},
			Annotations: map[string]string{"org.opencontainers.image.ref.name": r.version.number},
		}})
	}
	dir := filepath.Join(r.work, name)
	if _, err := layout.Write(dir, index); err != nil {
		return err
	}
	var files []file
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, p)
		switch {
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case rel == ".":
		case d.IsDir():
			files = append(files, file{to: filepath.ToSlash(rel), mode: 0o755})
		default:
			files = append(files, file{from: p, to: filepath.ToSlash(rel), mode: 0o644})
		}
		return nil
	})
	if err != nil {
		return err
	}
	out := "etcdkit_" + r.version.String() + "_" + name + ".tar"
	return r.create(out, func(w io.Writer) error { return writeTar(w, files, r.time) })
}

// platformImage is the image of one target: one layer, no base.
func (r *release) platformImage(one layered) (v1.Image, error) {
	var content bytes.Buffer
	if err := writeTar(&content, one.files, r.time); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(r.level))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: r.time}, CreatedBy: "etcdkit dist"}}); err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = one.os, one.arch, v1.Time{Time: r.time}
	config.Config = v1.Config{
		Entrypoint: []string{"/usr/local/bin/etcdctl"},
		Env:        []string{"PATH=/usr/local/bin:/bin"},
		Labels:     map[string]string{"org.opencontainers.image.title": "etcdkit", "org.opencontainers.image.version": r.stamp, "org.opencontainers.image.licenses": "Apache-2.0"},
	}
	return mutate.ConfigFile(img, config)
}

// busyboxFiles are a busybox and the links to its applets, and what it runs on.
func busyboxFiles(name string) ([]file, string, error) {
	program, err := elf.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			return nil, "", fmt.Errorf("%s is linked dynamically: use the one of the package busybox-static", name)
		}
	}
	arch := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[program.Machine]
	if arch != runtime.GOARCH {
		return nil, "", fmt.Errorf("%s is for %s: its list of applets can't be had on %s", name, program.Machine, runtime.GOARCH)
	}
	applets, err := exec.Command(name, "--list").Output()
	if err != nil {
		return nil, "", fmt.Errorf("%s --list: %w", name, err)
	}
	files := []file{{to: "bin", mode: 0o755}, {from: name, to: "bin/busybox", mode: 0o755}}
	for _, applet := range slices.Sorted(slices.Values(strings.Fields(string(applets)))) {
		if applet != "busybox" {
			files = append(files, file{to: path.Join("bin", applet), link: "busybox", mode: 0o777})
		}
	}
	return files, arch, nil
}

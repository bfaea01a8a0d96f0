package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// A file is one of a package.
type file struct {
	from string // on this machine; "" for a directory
	to   string // in the package, with slashes
	mode fs.FileMode
	link string // of a symbolic link
}

// build returns the directory of the programs for a target.
func (r *release) build(t target) (string, error) {
	if r.bin != "" {
		return filepath.Abs(r.bin)
	}
	bin := filepath.Join(r.work, "bin", t.String())
	for program, pkg := range map[string]string{"etcdctl": "./cmd/ctl", "etcdutl": "./cmd/util", "etcdutl-server": "./cmd/server"} {
		args := append([]string{"build", "-o", filepath.Join(bin, t.exe(program))}, r.flags...)
		if err := r.goTool(append(args, pkg), "GOOS="+t.os, "GOARCH="+t.arch, "CGO_ENABLED=0"); err != nil {
			return "", err
		}
	}
	return bin, nil
}

// sharedFiles makes the man pages and completion scripts and returns the files of
// share, which are the same for each target.
func (r *release) sharedFiles() ([]file, error) {
	share := filepath.Join(r.work, "share")
	if err := r.goTool([]string{"run", "-buildvcs=false", "./cmd/manpages", share}); err != nil {
		return nil, err
	}
	var all []file
	err := filepath.WalkDir(share, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(share, name)
		all = append(all, file{from: name, to: path.Join("share", filepath.ToSlash(rel)), mode: 0o644})
		return err
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("no man pages in %s", share)
	}
	return all, err
}

func (r *release) goTool(args []string, env ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = r.source, os.Stderr
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %v: %w", args, err)
	}
	return nil
}

// programFiles are the programs of a target below a directory of the package.
func programFiles(t target, bin, dir string) []file {
	var all []file
	for _, p := range programs() {
		all = append(all, file{from: filepath.Join(bin, t.exe(p)), to: path.Join(dir, t.exe(p)), mode: 0o755})
	}
	return all
}

package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed formula.rb.tmpl
var formulaTemplate string

// formula writes the formula for Homebrew, with the archives of those targets that
// Homebrew runs on.
func (r *release) formula() error {
	type archive struct{ OS, Arch, URL, SHA256 string }
	var all []archive
	for _, t := range r.targets {
		system := map[string]string{"darwin": "macos", "linux": "linux"}[t.os]
		cpu := map[string]string{"arm64": "arm", "amd64": "intel"}[t.arch]
		if system == "" || cpu == "" {
			continue
		}
		name := "etcdkit_" + r.version.String() + "_" + t.String() + ".tar.gz"
		sum, err := fileSum(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		all = append(all, archive{system, cpu, strings.TrimSuffix(r.url, "/") + "/" + name, sum})
	}
	text, err := template.New("formula").Parse(formulaTemplate)
	if err != nil {
		return err
	}
	return r.create("etcdkit.rb", func(w io.Writer) error {
		return text.Execute(w, map[string]any{"Version": r.version.String(), "Archives": all})
	})
}

// sums writes the checksums of all files, for "sha256sum -c".
func (r *release) sums() error {
	files, err := os.ReadDir(r.out) // in order
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range files {
		sum, err := fileSum(filepath.Join(r.out, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, f.Name())
	}
	return r.create("SHA256SUMS", func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
}

func fileSum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

package main

import (
	"debug/buildinfo"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// A bill of materials has the modules that are linked into any of the programs.
type bill struct {
	r       *release
	goes    string                     // version of Go
	modules map[string]map[string]bool // by path@version: the programs that link it
}

func newBill(r *release) *bill { return &bill{r: r, modules: map[string]map[string]bool{}} }

// add reads the modules of the programs of a target.
func (b *bill) add(t target, bin string) error {
	for _, p := range programs() {
		info, err := buildinfo.ReadFile(filepath.Join(bin, t.exe(p)))
		if err != nil {
			return err
		}
		b.goes = strings.TrimPrefix(info.GoVersion, "go")
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			name := m.Path + "@" + m.Version
			if b.modules[name] == nil {
				b.modules[name] = map[string]bool{}
			}
			b.modules[name][p] = true
		}
	}
	return nil
}

// write writes the bill in the format of CycloneDX.
func (b *bill) write() error {
	name := "etcdkit_" + b.r.version.String()
	parts := []cdx.Component{library("std", b.goes, programs())}
	for _, id := range slices.Sorted(maps.Keys(b.modules)) {
		path, version, _ := strings.Cut(id, "@")
		parts = append(parts, library(path, version, slices.Sorted(maps.Keys(b.modules[id]))))
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: b.r.time.Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: "etcdkit", Type: cdx.ComponentTypeApplication, Name: "etcdkit", Version: b.r.version.String(),
			Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		},
	}
	bom.Components = &parts
	return b.r.create(name+".cdx.json", func(w io.Writer) error {
		return cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	})
}

// library is a Go module, or the standard library, and the programs that link it.
func library(path, version string, linkers []string) cdx.Component {
	purl := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cdx.Component{
		BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: purl,
		Properties: &[]cdx.Property{{Name: "etcdkit:programs", Value: strings.Join(linkers, " ")}},
	}
}

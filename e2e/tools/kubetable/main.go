// Command kubetable writes the table of Kubernetes types that package kube embeds.
// It reads the struct tags in the sources of the modules that define the types,
// of every minor release that it lists, and writes their union: a field or a kind
// that a release has removed stays.
//
//	go run . -o ../../../kube/table.gz
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"log"
	"os"
)

// releases lists the releases in the order in which they are merged, newest first.
// Where two define a field differently, the newer decides.
var releases = []string{
	"v0.37.2", "v0.36.6", "v0.35.10", "v0.34.13", "v0.33.13", "v0.32.13", "v0.31.14", "v0.30.14", "v0.29.15",
	"v0.28.15", "v0.27.16", "v0.26.15", "v0.25.16", "v0.24.17", "v0.23.17", "v0.22.17", "v0.21.14", "v0.20.15", "v0.19.16",
	"v0.17.5",
}

// modules are the modules that define stored types, with the directories that do.
var modules = map[string][]string{
	"k8s.io/api":                     {"."},
	"k8s.io/apimachinery":            {"pkg/apis/meta/v1", "pkg/runtime", "pkg/types", "pkg/util/intstr", "pkg/api/resource"},
	"k8s.io/apiextensions-apiserver": {"pkg/apis/apiextensions/v1", "pkg/apis/apiextensions/v1beta1"},
	"k8s.io/kube-aggregator":         {"pkg/apis/apiregistration/v1", "pkg/apis/apiregistration/v1beta1"},
}

func main() {
	out := flag.String("o", "", "write the compressed table to this `file`; without it, the table is printed")
	flag.Parse()
	if err := run(*out); err != nil {
		log.Fatal(err)
	}
}

func run(out string) error {
	text, err := table()
	if err != nil {
		return err
	}
	if out == "" {
		_, err := os.Stdout.Write(text)
		return err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// table returns the union of all releases.
func table() ([]byte, error) {
	u := union{types: map[string]*message{}}
	for _, release := range releases {
		s, err := load(release)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", release, err)
		}
		if err := u.add(s); err != nil {
			return nil, fmt.Errorf("%s: %w", release, err)
		}
	}
	return u.text(), nil
}

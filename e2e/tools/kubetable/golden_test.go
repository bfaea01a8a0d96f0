// Package main's tests prove that package kube decodes what Kubernetes stores. They
// use the modules of Kubernetes, which the root module does not.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"etcdkit/kube"
)

// never lists the kinds of the golden sets that are only sent, never stored.
var never = []string{
	"AdmissionReview", "APIGroupDiscoveryList", "ImageReview", "DeleteOptions", "PodAttachOptions", "PodExecOptions",
	"PodLogOptions", "PodPortForwardOptions", "PodProxyOptions", "ServiceProxyOptions", "NodeProxyOptions",
	"Scale", "SerializedReference", "WatchEvent", "UpdateOptions", "Status", "PatchOptions", "ListOptions", "GetOptions", "CreateOptions",
	"APIVersions", "APIGroup", "APIResourceList", "APIGroupList", "DeploymentRollback",
}

// since are objects of a release before a field that is null if nothing is stored:
// what has no value and what was not known then can't be told apart.
var since = map[string]string{"v1.35.0/certificates.k8s.io.v1beta1.PodCertificateRequest": `"stubPKCS10Request":null,`}

// decoder returns a decoder that shows everything.
func decoder(t testing.TB) *kube.Decoder {
	t.Helper()
	d, err := kube.New(kube.Options{ShowSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// equal compares two JSON documents, numbers by their digits.
func equal(t testing.TB, got, want []byte) {
	t.Helper()
	var g, w any
	for _, x := range []struct {
		text []byte
		into *any
	}{{got, &g}, {want, &w}} {
		d := json.NewDecoder(bytes.NewReader(x.text))
		d.UseNumber()
		if err := d.Decode(x.into); err != nil {
			t.Fatalf("%v\n%s", err, x.text)
		}
	}
	if !reflect.DeepEqual(g, w) {
		a, _ := json.MarshalIndent(g, "", " ")
		b, _ := json.MarshalIndent(w, "", " ")
		t.Error(firstDifference(string(a), string(b)))
	}
}

// firstDifference shows the lines where two texts begin to differ.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	show := func(s []string) string { return strings.Join(s[max(0, min(i-3, len(s))):min(len(s), i+4)], "\n") }
	return "got\n" + show(a) + "\nwant\n" + show(b)
}

// TestGolden decodes the golden objects of k8s.io/api, of its own release and of
// those beside it.
func TestGolden(t *testing.T) {
	t.Parallel()
	dir, err := download("k8s.io/api@" + releases[0])
	if err != nil {
		t.Fatal(err)
	}
	sets, err := filepath.Glob(filepath.Join(dir, "testdata", "*", "*.pb"))
	if err != nil || len(sets) < 900 {
		t.Fatalf("%d golden objects, %v", len(sets), err)
	}
	d := decoder(t)
	stored := 0
	for _, pb := range sets {
		name := strings.TrimSuffix(filepath.Base(pb), ".pb")
		kind := strings.TrimSuffix(name, ".after_roundtrip")
		kind = kind[strings.LastIndexByte(kind, '.')+1:]
		if isNever(kind) {
			continue
		}
		stored++
		t.Run(filepath.Base(filepath.Dir(pb))+"/"+name, func(t *testing.T) {
			value, err := os.ReadFile(pb)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(pb, ".pb") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Decode(nil, []byte("/registry/x"), value)
			if err != nil {
				t.Fatal(err)
			}
			if later := since[filepath.Base(filepath.Dir(pb))+"/"+name]; later != "" {
				got = bytes.Replace(got, []byte(later), nil, 1)
			}
			equal(t, got, want)
		})
	}
	t.Logf("%d objects in %d files", stored, len(sets))
}

func isNever(kind string) bool {
	for _, n := range never {
		if n == kind {
			return true
		}
	}
	return false
}

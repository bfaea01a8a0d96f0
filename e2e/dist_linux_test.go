package e2e

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"etcdkit/e2e/need"
	"etcdkit/e2e/script"
)

// distTool builds the program that makes packages and returns a function that
// runs it into a new directory.
func distTool(t *testing.T) func(t *testing.T, bin string, env []string, args ...string) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "dist")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tool, ".")
	build.Dir = filepath.Join("tools", "dist")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, bin string, env []string, args ...string) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "dist")
		cmd := exec.CommandContext(t.Context(), tool, append([]string{"-source", source, "-out", dir, "-bin", bin, "-version", "v1.2.3-4-gabc1234", "-epoch", "1790000000", "-url", "https://example.com/etcdkit", "-level", "1"}, args...)...)
		cmd.Env = append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return dir
	}
}

// TestDist makes packages: every kind twice, with small programs, which must give
// the same bytes; and a deb and an image of our programs, which are installed, run
// and removed in other roots.
func TestDist(t *testing.T) {
	t.Parallel()
	parallelEnter(t)
	dist := distTool(t)
	t.Run("same bytes", func(t *testing.T) {
		bin := smallPrograms(t)
		first := dist(t, bin, []string{"TZ=UTC"})
		second := dist(t, bin, []string{"TZ=Asia/Tokyo", "TMPDIR=" + t.TempDir()})
		sums := checkSums(t, first)
		const v = "etcdkit_1.2.3+4.gabc1234"
		want := []string{"etcdkit.rb", v + ".cdx.json", v + "_image.tar", v + "_linux_amd64.apk", v + "_linux_amd64.deb", v + "_linux_amd64.rpm", v + "_linux_amd64.tar.gz", v + "_linux_amd64.zip"}
		if !slices.Equal(sums, want) {
			t.Errorf("made %q", sums)
		}
		for _, name := range append(sums, "SHA256SUMS") {
			if !bytes.Equal(readFile(t, filepath.Join(first, name)), readFile(t, filepath.Join(second, name))) {
				t.Errorf("two runs made different bytes of %s", name)
			}
		}
		checkArchives(t, filepath.Join(first, v+"_linux_amd64"), "etcdkit_1.2.3+4.gabc1234_linux_amd64/")
		checkBill(t, filepath.Join(first, v+".cdx.json"))
		formula := string(readFile(t, filepath.Join(first, "etcdkit.rb")))
		archive := sha256.Sum256(readFile(t, filepath.Join(first, v+"_linux_amd64.tar.gz")))
		for _, part := range []string{`url "https://example.com/etcdkit/` + v + `_linux_amd64.tar.gz"`, `sha256 "` + hex.EncodeToString(archive[:]) + `"`} {
			if !strings.Contains(formula, part) {
				t.Errorf("the formula has no %s:\n%s", part, formula)
			}
		}
	})
	dir := ""
	shell, err := exec.LookPath("busybox")
	args := []string{"-kinds", "deb image"}
	if err == nil {
		args = append(args, "-busybox", shell)
	}
	t.Run("make", func(t *testing.T) {
		dir = filepath.Join(t.TempDir(), "kept")
		if err := os.Rename(dist(t, engine.Ours, nil, args...), dir); err != nil {
			t.Fatal(err)
		}
		t.Run("deb", func(t *testing.T) { installDeb(t, filepath.Join(dir, "etcdkit_1.2.3+4.gabc1234_linux_amd64.deb")) })
		t.Run("image", func(t *testing.T) { runImage(t, filepath.Join(dir, "etcdkit_1.2.3+4.gabc1234_image.tar"), "") })
		t.Run("image with busybox", func(t *testing.T) {
			requireOrSkip(t, need.Busybox, err)
			runImage(t, filepath.Join(dir, "etcdkit_1.2.3+4.gabc1234_image-busybox.tar"), "/bin/sh")
		})
	})
}

// parallelEnter waits for a place, as scripts do.
func parallelEnter(t *testing.T) {
	t.Helper()
	engine.Enter(t, script.TurnUsual)
}

// smallPrograms is a directory of programs that are quick to pack.
func smallPrograms(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"small\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"etcdctl", "etcdutl", "etcdutl-server"} {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bin", name), source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return filepath.Join(dir, "bin")
}

// checkSums checks SHA256SUMS and returns the names in it.
func checkSums(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(string(readFile(t, filepath.Join(dir, "SHA256SUMS")))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if got := sha256.Sum256(readFile(t, filepath.Join(dir, name))); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s has another checksum than SHA256SUMS", name)
		}
		names = append(names, name)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != len(names)+1 {
		t.Errorf("%d files, %d checksums, %v", len(all), len(names), err)
	}
	return names
}

// checkArchives checks that the tar.gz and the zip have the same files, and all
// kinds of them.
func checkArchives(t *testing.T, base, top string) {
	t.Helper()
	inTar := map[string]fs.FileMode{}
	eachInTar(t, bytes.NewReader(readFile(t, base+".tar.gz")), func(h *tar.Header, _ io.Reader) { inTar[h.Name] = h.FileInfo().Mode() })
	z, err := zip.OpenReader(base + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if mode, ok := inTar[f.Name]; !ok || mode != f.Mode() {
			t.Errorf("%s has mode %v in the zip and %v in the tar", f.Name, f.Mode(), mode)
		}
	}
	if len(z.File) != len(inTar) {
		t.Errorf("%d files in the zip, %d in the tar", len(z.File), len(inTar))
	}
	for name, mode := range map[string]fs.FileMode{
		"bin/etcdctl": 0o755, "bin/etcdutl": 0o755, "bin/etcdutl-server": 0o755, "LICENSE": 0o644, "README.md": 0o644,
		"share/man/man1/etcdctl-get.1": 0o644, "share/man/man1/etcdutl.1": 0o644,
		"share/bash-completion/completions/etcdctl": 0o644, "share/zsh/site-functions/_etcdutl": 0o644, "share/fish/vendor_completions.d/etcdctl.fish": 0o644,
	} {
		if inTar[top+name] != mode {
			t.Errorf("%s has mode %v", name, inTar[top+name])
		}
	}
}

// checkBill checks that the bill of materials can be read and has what the
// programs link: here, only the standard library.
func checkBill(t *testing.T, name string) {
	t.Helper()
	var bill struct {
		BOMFormat  string
		Components []struct{ Name, Version, PURL string }
	}
	if err := json.Unmarshal(readFile(t, name), &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BOMFormat != "CycloneDX" || len(bill.Components) != 1 || bill.Components[0].Name != "std" || bill.Components[0].Version == "" {
		t.Errorf("%+v", bill)
	}
}

// inRoot runs a program with another root directory and returns its output.
func inRoot(t *testing.T, root string, args ...string) string {
	t.Helper()
	var right error
	if os.Geteuid() != 0 {
		right = errors.New("not root")
	}
	requireOrSkip(t, need.Chroot, right)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/local/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%q: %v: %s", args, err, out)
	}
	return string(out)
}

// installDeb installs the package in an empty root, runs it, and removes it.
func installDeb(t *testing.T, deb string) {
	requireOrSkip(t, need.Dpkg, need.Program("dpkg"))
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dpkg := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "dpkg", append([]string{"--root=" + root, "--force-not-root", "--log=" + filepath.Join(t.TempDir(), "log")}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("dpkg %q: %v: %s", args, err, out)
		}
	}
	dpkg("--install", deb)
	if got := inRoot(t, root, "/usr/bin/etcdctl", "version"); !strings.HasPrefix(got, "etcdctl version: ") {
		t.Errorf("etcdctl version: %q", got)
	}
	inRoot(t, root, "/usr/bin/etcdutl", "version")
	page, err := gzip.NewReader(bytes.NewReader(readFile(t, filepath.Join(root, "usr/share/man/man1/etcdctl-put.1.gz"))))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(page); err != nil || !bytes.Contains(text, []byte("etcdctl put")) {
		t.Errorf("man page: %v: %s", err, text)
	}
	for _, name := range []string{"bash-completion/completions/etcdctl", "zsh/vendor-completions/_etcdctl", "fish/vendor_completions.d/etcdutl.fish", "doc/etcdkit/copyright"} {
		if len(readFile(t, filepath.Join(root, "usr/share", name))) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	dpkg("--purge", "etcdkit")
	left, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "var" {
		t.Errorf("left after removal: %q, %v", left, err)
	}
}

// runImage unpacks an image as a container runtime does and runs its entry point
// and, if it has one, its shell.
func runImage(t *testing.T, image, shell string) {
	layout, root := t.TempDir(), t.TempDir()
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpack(t, f, layout)
	blob := func(digest string) []byte {
		algorithm, sum, _ := strings.Cut(digest, ":")
		content := readFile(t, filepath.Join(layout, "blobs", algorithm, sum))
		if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
			t.Errorf("blob %s has another digest", digest)
		}
		return content
	}
	type descriptor struct {
		Digest   string
		Platform struct{ OS, Architecture string }
	}
	var index struct{ Manifests []descriptor }
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	var config struct {
		OS, Architecture string
		Config           struct{ Entrypoint, Env []string }
	}
	decode := func(content []byte, v any) {
		if err := json.Unmarshal(content, v); err != nil {
			t.Fatal(err)
		}
	}
	decode(readFile(t, filepath.Join(layout, "index.json")), &index)
	if len(index.Manifests) != 1 || index.Manifests[0].Platform.Architecture != "amd64" {
		t.Fatalf("%+v", index)
	}
	decode(blob(index.Manifests[0].Digest), &manifest)
	decode(blob(manifest.Config.Digest), &config)
	for _, layer := range manifest.Layers {
		unpack(t, bytes.NewReader(blob(layer.Digest)), root)
	}
	if config.OS != "linux" || len(config.Config.Entrypoint) != 1 {
		t.Fatalf("%+v", config)
	}
	if got := inRoot(t, root, config.Config.Entrypoint[0], "version"); !strings.HasPrefix(got, "etcdctl version: ") {
		t.Errorf("version: %q", got)
	}
	if shell == "" {
		return
	}
	const want = "from a shell: etcdutl version"
	if got := inRoot(t, root, shell, "-c", "echo from a shell: $(etcdutl version | head -n 1)"); !strings.HasPrefix(got, want) {
		t.Errorf("shell: %q", got)
	}
}

// unpack writes the entries of a tar file, which may be compressed, below a directory.
func unpack(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	eachInTar(t, r, func(h *tar.Header, content io.Reader) {
		name, err := filepath.Localize(strings.TrimSuffix(h.Name, "/"))
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(dir, name)
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(name, h.FileInfo().Mode())
		case tar.TypeSymlink:
			err = os.Symlink(h.Linkname, name)
		default:
			err = writeAll(name, h.FileInfo().Mode(), content)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

func writeAll(name string, mode fs.FileMode, content io.Reader) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, content); err != nil {
		return err
	}
	return f.Close()
}

// eachInTar calls do for each entry of a tar file, which may be compressed.
func eachInTar(t *testing.T, r io.Reader, do func(*tar.Header, io.Reader)) {
	t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	r = io.MultiReader(bytes.NewReader(head), r)
	if head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(fmt.Errorf("tar: %w", err))
		}
		do(h, archive)
	}
}

// Package refs gives the end-to-end tests their programs: upstream's etcd, etcdctl and etcdutl of each pinned release,
// built from e2e/tools into a cache directory, and our own two programs, built from the parent directory.
//
// It drives the go command and touches nothing of etcdkit but its directory: it must not import the root module.
package refs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"
	"golang.org/x/mod/modfile"
)

const (
	// CacheEnv names the variable that moves the cache of reference programs.
	CacheEnv = "ETCDKIT_CACHE"
	// BinEnv names the variable that points at a directory with etcdctl and etcdutl to test instead of a fresh build.
	BinEnv = "ETCDKIT_BIN"

	modulePath   = "etcdkit/e2e"
	serverModule = "go.etcd.io/etcd/server/v3"
)

// A program of upstream and the package that builds it.
type program struct{ name, pkg string }

func programs() []program {
	return []program{
		{"etcd", serverModule},
		{"etcdctl", "go.etcd.io/etcd/etcdctl/v3"},
		{"etcdutl", "go.etcd.io/etcd/etcdutl/v3"},
	}
}

// Refs locates the tools modules and the cache. It holds no state besides paths and is safe for concurrent use, also by
// several processes.
type Refs struct {
	dir   string // of the e2e module
	cache string
}

// Open finds the e2e module from the current directory upwards (or in ./e2e) and the cache directory.
func Open() (*Refs, error) {
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	dir, err := findModule(wd)
	if err != nil {
		return nil, err
	}
	cache := os.Getenv(CacheEnv)
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("no cache directory, set %s: %w", CacheEnv, err)
		}
		cache = filepath.Join(user, "etcdkit")
	}
	if cache, err = filepath.Abs(cache); err != nil {
		return nil, err
	}
	return &Refs{dir: dir, cache: cache}, nil
}

func findModule(from string) (string, error) {
	for dir := from; ; dir = filepath.Dir(dir) {
		for _, d := range []string{dir, filepath.Join(dir, "e2e")} {
			data, err := os.ReadFile(filepath.Join(d, "go.mod"))
			if err == nil && modfile.ModulePath(data) == modulePath {
				return d, nil
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("module %s not found from %s upwards", modulePath, from)
		}
	}
}

// Lines lists the release lines that have a tools module, "3.5" before "3.6".
func (r *Refs) Lines() ([]string, error) {
	dirs, err := filepath.Glob(filepath.Join(r.dir, "tools", "v*", "go.mod"))
	if err != nil {
		return nil, err
	}
	lines := make([]string, 0, len(dirs))
	for _, d := range dirs {
		lines = append(lines, strings.TrimPrefix(filepath.Base(filepath.Dir(d)), "v"))
	}
	return lines, nil
}

// Version returns the exact release that a line ("3.7") is pinned to ("3.7.3").
func (r *Refs) Version(line string) (string, error) {
	path := filepath.Join(r.tools(line), "go.mod")
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("release line %q: %w", line, err)
	}
	mod, err := modfile.Parse(path, data, nil)
	if err != nil {
		return "", err
	}
	for _, req := range mod.Require {
		if req.Mod.Path == serverModule {
			return strings.TrimPrefix(req.Mod.Version, "v"), nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", path, serverModule)
}

// Build makes sure that the cache has the programs of a release line and
// returns their directory. Programs are rebuilt when the tools module changed
// since they were made.
func (r *Refs) Build(ctx context.Context, line string) (string, error) {
	version, err := r.Version(line)
	if err != nil {
		return "", err
	}
	want, err := stamp(r.tools(line))
	if err != nil {
		return "", err
	}
	dir := filepath.Join(r.cache, version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, ".lock")).Lock()
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	stampFile := filepath.Join(dir, ".stamp")
	if complete(dir, stampFile, want) {
		return dir, nil
	}
	for _, p := range programs() {
		if err := goBuild(ctx, r.tools(line), p.pkg, filepath.Join(dir, p.name+exe())); err != nil {
			return "", fmt.Errorf("build %s %s: %w", p.name, version, err)
		}
	}
	return dir, os.WriteFile(stampFile, []byte(want), 0o644)
}

// S3 returns the path of the S3 server for tests, after building it into the cache if it is missing or the tools module changed.
func (r *Refs) S3(ctx context.Context) (string, error) {
	tools, dir := filepath.Join(r.dir, "tools", "s3"), filepath.Join(r.cache, "s3")
	want, err := stamp(tools)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, ".lock")).Lock()
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	path, stampFile := Path(dir, "versitygw"), filepath.Join(dir, ".stamp")
	if have, err := os.ReadFile(stampFile); err == nil && string(have) == want {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if err := goBuild(ctx, tools, "github.com/versity/versitygw/cmd/versitygw", path); err != nil {
		return "", fmt.Errorf("build versitygw: %w", err)
	}
	return path, os.WriteFile(stampFile, []byte(want), 0o644)
}

// Etcd34 returns the directory of an etcd 3.4, which is not built: the one that .ci/etcd34 has put into the cache, or the one of the
// package etcd-server on the PATH.
func (r *Refs) Etcd34(ctx context.Context) (string, error) {
	path := Path(filepath.Join(r.cache, "3.4"), "etcd")
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath("etcd"); err != nil {
			return "", fmt.Errorf("%w (.ci/etcd34 gets one)", err)
		}
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil || !strings.HasPrefix(string(out), "etcd Version: 3.4.") {
		return "", fmt.Errorf("%s is no etcd 3.4: %q, %w", path, out, err)
	}
	return filepath.Dir(path), nil
}

// Ours returns the directory that holds our programs: the one BinEnv names, or else dir, after building
// them into it from the module beside e2e.
func (r *Refs) Ours(ctx context.Context, dir string) (string, error) {
	if bin := os.Getenv(BinEnv); bin != "" {
		return filepath.Abs(bin)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	root := filepath.Dir(r.dir)
	for name, pkg := range map[string]string{"etcdctl": "./cmd/ctl", "etcdutl": "./cmd/util", "etcdutl-server": "./cmd/server"} {
		if err := goBuild(ctx, root, pkg, filepath.Join(dir, name+exe())); err != nil {
			return "", fmt.Errorf("build our %s: %w", name, err)
		}
	}
	return dir, nil
}

// Path joins a directory and a program's name as the system spells it.
func Path(dir, prog string) string { return filepath.Join(dir, prog+exe()) }

func (r *Refs) tools(line string) string { return filepath.Join(r.dir, "tools", "v"+line) }

func exe() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// stamp identifies the inputs of a build.
func stamp(tools string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, buildEnv())
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(tools, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n", name, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)) + "\n", nil
}

func complete(dir, stampFile, want string) bool {
	have, err := os.ReadFile(stampFile)
	if err != nil || string(have) != want {
		return false
	}
	for _, p := range programs() {
		if _, err := os.Stat(filepath.Join(dir, p.name+exe())); err != nil {
			return false
		}
	}
	return true
}

// buildEnv is how all programs are built: without cgo, as upstream's releases and
// ours are, so that start-up times compare.
func buildEnv() []string {
	return []string{"GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false", "CGO_ENABLED=0"}
}

// goBuild builds to a temporary sibling and renames, so that a program under its final name is always whole.
func goBuild(ctx context.Context, dir, pkg, out string) error {
	tmp, err := os.CreateTemp(filepath.Dir(out), ".build-*"+exe())
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := tmp.Close(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", tmp.Name(), pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), buildEnv()...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s in %s: %w\n%s", pkg, dir, err, msg)
	}
	return os.Rename(tmp.Name(), out)
}

// Package descriptor is empty. A test of etcd's server imports the package of this
// name; it is not run here, but go mod tidy wants to find the package.
package descriptor

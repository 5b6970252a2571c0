"""Matrix products, factorisations and convolutions: calls of BLAS and LAPACK, and functions of our own."""

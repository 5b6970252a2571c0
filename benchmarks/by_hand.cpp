// The objectives and their derivatives as a C++ programmer would write them; compiled by compiled.py.
#include <algorithm>
#include <cmath>
#include <vector>
using std::vector;

extern "C" {

double rosenbrock(long n, const double *x, double *g) {
    double sum = 0;
    if (g) std::fill(g, g + n, 0.0);
    for (long i = 0; i + 1 < n; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        sum += 100 * a * a + b * b;
        if (g) { g[i] += -400 * a * x[i] - 2 * b; g[i + 1] += 200 * a; }
    }
    return sum;
}

double lse(long n, const double *x, double *g) {
    double m = x[0], sum = 0;
    for (long i = 1; i < n; i++) m = std::max(m, x[i]);
    for (long i = 0; i < n; i++) { double e = std::exp(x[i] - m); sum += e; if (g) g[i] = e; }
    if (g) for (long i = 0; i < n; i++) g[i] /= sum;
    return std::log(sum) + m;
}

double llsq(long n, long m, const double *x, const double *t, const double *s, double *g) {
    double sum = 0;
    if (g) std::fill(g, g + m, 0.0);
    for (long i = 0; i < n; i++) {
        double r = s[i], power = 1;
        for (long j = 0; j < m; j++) { r -= x[j] * power; power *= t[i]; }
        sum += r * r;
        power = 1;
        if (g) for (long j = 0; j < m; j++) { g[j] -= r * power; power *= t[i]; }
    }
    return sum / 2;
}

// grad and diag: the gradient and H 1; both null for the value alone.
double kmeans(long n, long k, long d, const double *c, const double *x, double *grad, double *diag) {
    double total = 0;
    if (grad) { std::fill(grad, grad + k * d, 0.0); std::fill(diag, diag + k * d, 0.0); }
    for (long i = 0; i < n; i++) {
        double best = INFINITY;
        long which = 0;
        for (long j = 0; j < k; j++) {
            double sum = 0;
            for (long a = 0; a < d; a++) { double r = x[i * d + a] - c[j * d + a]; sum += r * r; }
            if (sum < best) { best = sum; which = j; }
        }
        total += best;
        if (grad) for (long a = 0; a < d; a++) {
            grad[which * d + a] += 2 * (c[which * d + a] - x[i * d + a]);
            diag[which * d + a] += 2;
        }
    }
    return total;
}

static double lse_small(long n, const double *x, double *w) {
    double m = *std::max_element(x, x + n), sum = 0;
    for (long i = 0; i < n; i++) sum += w[i] = std::exp(x[i] - m);
    for (long i = 0; i < n; i++) w[i] /= sum;
    return std::log(sum) + m;
}

// The packed triangle is column after column; the gradients have the shapes of what they belong to.
double gmm(long n, long d, long k, const double *alphas, const double *means, const double *icf, const double *x,
           double constant, double *ga, double *gm, double *gi) {
    long size = d * (d + 1) / 2;
    vector<double> weight(k), diagonal(k * d), sums(k), term(k), q(k * d), e(k * d), back(d);
    if (ga) { std::fill(ga, ga + k, 0.0); std::fill(gm, gm + k * d, 0.0); std::fill(gi, gi + k * size, 0.0); }
    double prior = 0, total = 0;
    for (long j = 0; j < k; j++) {
        for (long a = 0; a < d; a++) {
            double v = diagonal[j * d + a] = std::exp(icf[j * size + a]);
            sums[j] += icf[j * size + a];
            prior += 0.5 * v * v;
        }
        for (long a = d; a < size; a++) prior += 0.5 * icf[j * size + a] * icf[j * size + a];
    }
    for (long i = 0; i < n; i++) {
        for (long j = 0; j < k; j++) {
            double *qj = &q[j * d], *ej = &e[j * d];
            const double *lower = icf + j * size + d;
            for (long a = 0; a < d; a++) { ej[a] = x[i * d + a] - means[j * d + a]; qj[a] = diagonal[j * d + a] * ej[a]; }
            for (long b = 0; b < d; b++) {
                for (long a = b + 1; a < d; a++) qj[a] += lower[a - b - 1] * ej[b];
                lower += d - b - 1;
            }
            double norm = 0;
            for (long a = 0; a < d; a++) norm += qj[a] * qj[a];
            term[j] = alphas[j] + sums[j] - 0.5 * norm;
        }
        total += lse_small(k, term.data(), weight.data());
        if (ga) for (long j = 0; j < k; j++) {
            double w = weight[j], *qj = &q[j * d], *ej = &e[j * d];
            const double *lower = icf + j * size + d;
            double *g = gi + j * size, *gl = g + d;
            ga[j] += w;
            for (long a = 0; a < d; a++) {
                g[a] += w * (1 - qj[a] * ej[a] * diagonal[j * d + a]);
                back[a] = qj[a] * diagonal[j * d + a];
            }
            for (long b = 0; b < d; b++) {
                double sum = 0;
                for (long a = b + 1; a < d; a++) { gl[a - b - 1] -= w * qj[a] * ej[b]; sum += lower[a - b - 1] * qj[a]; }
                back[b] += sum;
                lower += d - b - 1; gl += d - b - 1;
            }
            for (long a = 0; a < d; a++) gm[j * d + a] += w * back[a];
        }
    }
    double all = lse_small(k, alphas, weight.data());
    if (ga) for (long j = 0; j < k; j++) {
        ga[j] -= n * weight[j];
        for (long a = 0; a < d; a++) gi[j * size + a] += diagonal[j * d + a] * diagonal[j * d + a];
        for (long a = d; a < size; a++) gi[j * size + a] += icf[j * size + a];
    }
    return total - n * all + prior + constant;
}
}

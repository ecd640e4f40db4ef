/*
 * real.h
 *	  Elementary functions of real numbers whose results are the same bits on every machine.
 *
 * The C library's differ in the last bit from one version, or one processor, to the next; what a program computes is stored, and a replay must find it
 * again.  These are computed with twice the digits of a double and then rounded, so they are also (but for one case in many millions) the double
 * that is nearest to the true value.  Exact results are exact: kit_pow(10, 15), kit_log10(1000), kit_cbrt(27).
 *
 * What is no number stays so, infinities and zeros go where IEEE 754 and java.lang.Math have them (in kit_pow: as in Java, where pow(1, NaN) is NaN).
 */
#ifndef ADAMA_KIT_REAL_H
#define ADAMA_KIT_REAL_H

extern double kit_exp(double x);
extern double kit_expm1(double x);
extern double kit_log(double x);
extern double kit_log1p(double x);
extern double kit_log2(double x);
extern double kit_log10(double x);
extern double kit_pow(double x, double y);
extern double kit_cbrt(double x);
extern double kit_hypot(double x, double y);

extern double kit_sin(double x);
extern double kit_cos(double x);
extern double kit_tan(double x);
extern double kit_sec(double x);
extern double kit_csc(double x);
extern double kit_cot(double x);
extern double kit_asin(double x);
extern double kit_acos(double x);
extern double kit_atan(double x);
extern double kit_atan2(double y, double x);

extern double kit_sinh(double x);
extern double kit_cosh(double x);
extern double kit_tanh(double x);
extern double kit_asinh(double x);
extern double kit_acosh(double x);
extern double kit_atanh(double x);

#endif

/*
 * test_real.c
 *	  Elementary functions: the double nearest to the true value, which was computed elsewhere with 2,400 bits; and what is at the edges.
 */
#include <math.h>

#include "kit/real.h"
#include "unit.h"

static const struct
{
	const char *name;
	double		(*of) (double);
	double		(*of_two) (double, double);
	double		x;
	double		y;
	double		expected;
}			values[] = {
	{"exp", kit_exp, NULL, 0x0.0p+0, 0, 0x1.0000000000000p+0},
	{"exp", kit_exp, NULL, 0x1.0000000000000p+0, 0, 0x1.5bf0a8b145769p+1},
	{"exp", kit_exp, NULL, -0x1.0000000000000p+0, 0, 0x1.78b56362cef38p-2},
	{"exp", kit_exp, NULL, 0x1.6280000000000p+9, 0, 0x1.d422d2be5dc9bp+1022},
	{"exp", kit_exp, NULL, -0x1.7480000000000p+9, 0, 0x0.0000000000001p-1022},
	{"exp", kit_exp, NULL, 0x1.56e1fc2f8f359p-997, 0, 0x1.0000000000000p+0},
	{"exp", kit_exp, NULL, -0x1.1965063152df0p-69, 0, 0x1.0000000000000p+0},
	{"exp", kit_exp, NULL, 0x1.a7defd70ca15cp+8, 0, 0x1.6e3eefc65564ep+611},
	{"exp", kit_exp, NULL, 0x1.8fbfe758c2978p-6, 0, 0x1.0652aa38543f4p+0},
	{"exp", kit_exp, NULL, 0x1.d958474cd61a0p-23, 0, 0x1.000003b2b0957p+0},
	{"exp", kit_exp, NULL, -0x1.3d3a0b8f6a6a4p-31, 0, 0x1.fffffffb0b17dp-1},
	{"expm1", kit_expm1, NULL, -0x1.19c1d61fc8e48p+6, 0, -0x1.0000000000000p+0},
	{"expm1", kit_expm1, NULL, 0x1.f30b82a0a2bc0p-1, 0, 0x1.a67e4a4d2ac5bp+0},
	{"expm1", kit_expm1, NULL, 0x1.5f5e29ae0ab98p+9, 0, 0x1.c81bc03efeeefp+1013},
	{"expm1", kit_expm1, NULL, 0x1.83f2304c82540p-2, 0, 0x1.d7a9ebbf4f0c2p-2},
	{"expm1", kit_expm1, NULL, 0x1.43ff2f1d88f0ap+9, 0, 0x1.cfbee05341e2bp+934},
	{"log", kit_log, NULL, 0x1.0000000000000p+1, 0, 0x1.62e42fefa39efp-1},
	{"log", kit_log, NULL, 0x1.4000000000000p+3, 0, 0x1.26bb1bbb55516p+1},
	{"log", kit_log, NULL, 0x0.0000000000001p-1022, 0, -0x1.74385446d71c3p+9},
	{"log", kit_log, NULL, 0x1.fffffffffffffp+1023, 0, 0x1.62e42fefa39efp+9},
	{"log", kit_log, NULL, 0x1.00021ea702849p+0, 0, 0x1.0f5261b1f777cp-15},
	{"log", kit_log, NULL, 0x1.0bb4fc7781268p-2, 0, -0x1.5771b52a0b3e8p+0},
	{"log", kit_log, NULL, 0x1.366a0d0434ebcp-2, 0, -0x1.318d6a47a5e51p+0},
	{"log", kit_log, NULL, 0x1.24e429bd2c8d1p-1, 0, -0x1.1df6c0e4e511bp-1},
	{"log", kit_log, NULL, 0x1.7c2e189a37b18p+1, 0, 0x1.16af746776b91p+0},
	{"log1p", kit_log1p, NULL, 0x1.fbbc5bed5c38ep-78, 0, 0x1.fbbc5bed5c38ep-78},
	{"log1p", kit_log1p, NULL, 0x1.39c2ec5cefdc0p+617, 0, 0x1.abe0116c29791p+8},
	{"log1p", kit_log1p, NULL, -0x1.d23f73da6b818p-12, 0, -0x1.d259ff36a9de6p-12},
	{"log1p", kit_log1p, NULL, 0x1.d015c91048c7cp+980, 0, 0x1.53f0873f80ca9p+9},
	{"log1p", kit_log1p, NULL, 0x1.766e60a0931ecp+154, 0, 0x1.ac7fe4d3204d5p+6},
	{"log2", kit_log2, NULL, 0x1.0000000000000p+3, 0, 0x1.8000000000000p+1},
	{"log2", kit_log2, NULL, 0x1.8000000000000p+1, 0, 0x1.95c01a39fbd68p+0},
	{"log2", kit_log2, NULL, 0x1.fffffffffea24p-1, 0, -0x1.f89524a783cfcp-41},
	{"log2", kit_log2, NULL, 0x1.6cda27a2a252dp+1, 0, 0x1.82dbeb876976cp+0},
	{"log2", kit_log2, NULL, 0x1.fffffffffffffp-1, 0, -0x1.71547652b82fep-53},
	{"log2", kit_log2, NULL, 0x1.fffffffa05bc3p-1, 0, -0x1.13f6940cdb792p-30},
	{"log2", kit_log2, NULL, 0x1.0006ad81ddd47p+0, 0, 0x1.3445816c0f8a1p-13},
	{"log10", kit_log10, NULL, 0x1.f400000000000p+9, 0, 0x1.8000000000000p+1},
	{"log10", kit_log10, NULL, 0x1.4f8b588e368f1p-17, 0, -0x1.4000000000000p+2},
	{"log10", kit_log10, NULL, 0x1.0000000000000p+1, 0, 0x1.34413509f79ffp-2},
	{"log10", kit_log10, NULL, 0x1.e433838ff0aa4p-824, 0, -0x1.ef8b3a79b8d7bp+7},
	{"log10", kit_log10, NULL, 0x1.000006414a8aep+0, 0, 0x1.5bb7450a4052fp-23},
	{"log10", kit_log10, NULL, 0x1.72650b647db96p-927, 0, -0x1.16e4f62a2db8ep+8},
	{"log10", kit_log10, NULL, 0x1.0ae27ba64bbd0p-765, 0, -0x1.cc8a2b7ac0aa4p+7},
	{"log10", kit_log10, NULL, 0x1.000000000000fp+0, 0, 0x1.a0ec363d476b1p-50},
	{"cbrt", kit_cbrt, NULL, 0x1.b000000000000p+4, 0, 0x1.8000000000000p+1},
	{"cbrt", kit_cbrt, NULL, -0x1.0000000000000p+1, 0, -0x1.428a2f98d728bp+0},
	{"cbrt", kit_cbrt, NULL, 0x0.00000000007e8p-1022, 0, 0x1.94c7f15ef7ddfp-355},
	{"cbrt", kit_cbrt, NULL, 0x1.77619fda24048p+2, 0, 0x1.cdad1ee3beddap+0},
	{"cbrt", kit_cbrt, NULL, 0x1.2a38320770ce8p+636, 0, 0x1.0d5d0aed7f303p+212},
	{"cbrt", kit_cbrt, NULL, 0x1.bdeb3824fdd50p-13, 0, 0x1.e8f36daf8d889p-5},
	{"cbrt", kit_cbrt, NULL, -0x1.5a10863ce7ac0p+469, 0, -0x1.64a2385d5e2acp+156},
	{"cbrt", kit_cbrt, NULL, 0x1.4044def25333cp+2, 0, 0x1.b5e06128a82afp+0},
	{"sin", kit_sin, NULL, 0x1.0000000000000p-1, 0, 0x1.eaee8744b05f0p-2},
	{"sin", kit_sin, NULL, 0x1.0f0cf064dd592p+73, 0, -0x1.b453ab76bf397p-1},
	{"sin", kit_sin, NULL, 0x1.7e43c8800759cp+996, 0, -0x1.a2c16b010e385p-1},
	{"sin", kit_sin, NULL, 0x1.921fb54442d18p+1, 0, 0x1.1a62633145c07p-53},
	{"sin", kit_sin, NULL, 0x0.0000000000001p-1022, 0, 0x0.0000000000001p-1022},
	{"sin", kit_sin, NULL, -0x1.0000000000000p+1, 0, -0x1.d18f6ead1b446p-1},
	{"sin", kit_sin, NULL, 0x1.1eaa33cea80aep-63, 0, 0x1.1eaa33cea80aep-63},
	{"sin", kit_sin, NULL, 0x1.03dc9ef3eeaf6p+349, 0, -0x1.cdaaa6b77c17dp-3},
	{"sin", kit_sin, NULL, 0x1.53c2e34027468p+201, 0, 0x1.fdd15307ab333p-1},
	{"sin", kit_sin, NULL, 0x1.a8299a19a32a0p-28, 0, 0x1.a8299a19a32a0p-28},
	{"sin", kit_sin, NULL, -0x1.31ac8829b41a4p-7, 0, -0x1.31ab65a01971fp-7},
	{"cos", kit_cos, NULL, 0x1.0f0cf064dd592p+73, 0, 0x1.0be2cef01c8f4p-1},
	{"cos", kit_cos, NULL, 0x1.921fb54442d18p+0, 0, 0x1.1a62633145c07p-54},
	{"cos", kit_cos, NULL, 0x1.7e43c8800759cp+996, 0, -0x1.2699022adc4c1p-1},
	{"cos", kit_cos, NULL, 0x1.52d67034fd742p+390, 0, 0x1.559172add94d0p-1},
	{"cos", kit_cos, NULL, 0x1.b8b27424eb3e8p+1, 0, -0x1.e8ed545d63ef4p-1},
	{"cos", kit_cos, NULL, 0x1.211a8cb55ba18p+313, 0, -0x1.f0a59ebcbbfe1p-1},
	{"cos", kit_cos, NULL, -0x1.74db91cc22c3ep-59, 0, 0x1.0000000000000p+0},
	{"cos", kit_cos, NULL, -0x1.89ed8746d9b7ep+110, 0, -0x1.dd8f08376b7fap-2},
	{"tan", kit_tan, NULL, 0x1.921fb54442d18p+0, 0, 0x1.d02967c31cdb5p+53},
	{"tan", kit_tan, NULL, 0x1.0f0cf064dd592p+73, 0, -0x1.a0f79c1b6b257p+0},
	{"tan", kit_tan, NULL, -0x1.0cefe00aa252cp-11, 0, -0x1.0cefe1965fe90p-11},
	{"tan", kit_tan, NULL, 0x1.123490a1b9008p+2, 0, 0x1.18a0ee2914a71p+1},
	{"tan", kit_tan, NULL, -0x1.8ae823d34caacp+1, 0, 0x1.ce61d28f81388p-5},
	{"tan", kit_tan, NULL, -0x1.6eaa322281c08p+911, 0, -0x1.b772406d25a62p-1},
	{"tan", kit_tan, NULL, -0x1.f89da8e664b00p+579, 0, -0x1.e7eabec260699p-2},
	{"sec", kit_sec, NULL, 0x1.7bdcb0831cab8p+2, 0, 0x1.104eea8693d56p+0},
	{"sec", kit_sec, NULL, 0x1.31773552207bap-16, 0, 0x1.00000000b63eap+0},
	{"sec", kit_sec, NULL, 0x1.31826b98c9e22p+3, 0, -0x1.01edf1d134453p+0},
	{"sec", kit_sec, NULL, -0x1.e4232ea1bc930p-74, 0, 0x1.0000000000000p+0},
	{"sec", kit_sec, NULL, 0x1.330e77047e4c2p+176, 0, -0x1.e533916d2961dp+0},
	{"csc", kit_csc, NULL, 0x1.ffd1d6421d7d0p+921, 0, 0x1.2b0d8e38ff21cp+0},
	{"csc", kit_csc, NULL, 0x1.c7638f1c99510p+1, 0, -0x1.3ca76fc565669p+1},
	{"csc", kit_csc, NULL, 0x1.1c68792a12dc8p+533, 0, 0x1.da8f9260424acp+2},
	{"csc", kit_csc, NULL, 0x1.d1b30bec317f8p+889, 0, 0x1.a044b52758499p+0},
	{"csc", kit_csc, NULL, 0x1.c0fcb7d695848p+2, 0, 0x1.7eed065c2a70fp+0},
	{"cot", kit_cot, NULL, -0x1.edb8868f7dfd3p+2, 0, -0x1.1fc2a09d9b2c6p-3},
	{"cot", kit_cot, NULL, -0x1.8324884125964p+94, 0, 0x1.f618ce627800ap-2},
	{"cot", kit_cot, NULL, -0x1.5067da584b9c0p-55, 0, -0x1.859ff40f66076p+54},
	{"cot", kit_cot, NULL, -0x1.53921bbf6d690p+0, 0, -0x1.fea0d185f5caap-3},
	{"cot", kit_cot, NULL, -0x1.2d2cc1c5fa74ep+3, 0, 0x1.3228127998712p+6},
	{"asin", kit_asin, NULL, 0x1.0000000000000p+0, 0, 0x1.921fb54442d18p+0},
	{"asin", kit_asin, NULL, -0x1.0000000000000p-1, 0, -0x1.0c152382d7366p-1},
	{"asin", kit_asin, NULL, -0x1.ba33baad8c04cp-2, 0, -0x1.c93f0a3d9c1b1p-2},
	{"asin", kit_asin, NULL, 0x1.bdd785329e5b8p-69, 0, 0x1.bdd785329e5b8p-69},
	{"asin", kit_asin, NULL, 0x1.1691268dca560p-31, 0, 0x1.1691268dca560p-31},
	{"asin", kit_asin, NULL, -0x1.381faf18ea204p-25, 0, -0x1.381faf18ea205p-25},
	{"asin", kit_asin, NULL, -0x1.fdec8c919cb2ap-1, 0, -0x1.7b10168f105bdp+0},
	{"acos", kit_acos, NULL, -0x1.0000000000000p+0, 0, 0x1.921fb54442d18p+1},
	{"acos", kit_acos, NULL, 0x1.0000000000000p-1, 0, 0x1.0c152382d7366p+0},
	{"acos", kit_acos, NULL, -0x1.410046e9d7a10p-3, 0, 0x1.ba6a460582037p+0},
	{"acos", kit_acos, NULL, 0x1.a53ef4e915ad4p-47, 0, 0x1.921fb54442ce4p+0},
	{"acos", kit_acos, NULL, -0x1.e71caa7b354d4p-71, 0, 0x1.921fb54442d18p+0},
	{"acos", kit_acos, NULL, -0x1.fed7273cbc091p-1, 0, 0x1.8981f2e84eec5p+1},
	{"acos", kit_acos, NULL, -0x1.9cf704562a864p-1, 0, 0x1.412b0e0ae585dp+1},
	{"atan", kit_atan, NULL, 0x1.0000000000000p+0, 0, 0x1.921fb54442d18p-1},
	{"atan", kit_atan, NULL, 0x1.7e43c8800759cp+996, 0, 0x1.921fb54442d18p+0},
	{"atan", kit_atan, NULL, -0x1.32ec2ae8cc2bep-53, 0, -0x1.32ec2ae8cc2bep-53},
	{"atan", kit_atan, NULL, -0x1.863d24bf386ebp+2, 0, -0x1.6882804bd36eap+0},
	{"atan", kit_atan, NULL, 0x1.c222fb33c6fb0p+582, 0, 0x1.921fb54442d18p+0},
	{"atan", kit_atan, NULL, -0x1.c38d3d16b51b8p+117, 0, -0x1.921fb54442d18p+0},
	{"atan", kit_atan, NULL, 0x1.960fe92a3a838p+899, 0, 0x1.921fb54442d18p+0},
	{"sinh", kit_sinh, NULL, 0x1.729c3bfe33850p+8, 0, 0x1.9979590a57210p+533},
	{"sinh", kit_sinh, NULL, -0x1.3257f5d189cb6p+8, 0, -0x1.f221d671debb7p+440},
	{"sinh", kit_sinh, NULL, -0x1.4c2753c8b1174p-53, 0, -0x1.4c2753c8b1174p-53},
	{"sinh", kit_sinh, NULL, -0x1.3b3a96e520400p-35, 0, -0x1.3b3a96e520400p-35},
	{"sinh", kit_sinh, NULL, -0x1.8a7a16b13ab0cp-14, 0, -0x1.8a7a16bafc778p-14},
	{"cosh", kit_cosh, NULL, -0x1.8fc0885211ad0p+6, 0, 0x1.2209191e7d5f3p+143},
	{"cosh", kit_cosh, NULL, 0x1.3788b600b8accp+1, 0, 0x1.6fb237b9fa618p+2},
	{"cosh", kit_cosh, NULL, 0x1.1aa65971c0870p-11, 0, 0x1.0000027025d35p+0},
	{"cosh", kit_cosh, NULL, -0x1.5d5a4d3ae7449p+1, 0, 0x1.ec680d7c79e00p+2},
	{"cosh", kit_cosh, NULL, -0x1.b85035fc79200p-6, 0, 0x1.0017aafbeff44p+0},
	{"tanh", kit_tanh, NULL, 0x1.90b84c9ff22d8p-49, 0, 0x1.90b84c9ff22d8p-49},
	{"tanh", kit_tanh, NULL, 0x1.9f107ae68e654p+7, 0, 0x1.0000000000000p+0},
	{"tanh", kit_tanh, NULL, -0x1.84bca0a8c786fp+8, 0, -0x1.0000000000000p+0},
	{"tanh", kit_tanh, NULL, 0x1.571eb6930b7e4p+8, 0, 0x1.0000000000000p+0},
	{"tanh", kit_tanh, NULL, -0x1.a3bba3b92f7dfp+8, 0, -0x1.0000000000000p+0},
	{"asinh", kit_asinh, NULL, 0x1.17da7910d03fcp+3, 0, 0x1.6eb606eadcbb9p+1},
	{"asinh", kit_asinh, NULL, -0x1.ecae3d77efa08p+2, 0, -0x1.5e812f42c5141p+1},
	{"asinh", kit_asinh, NULL, 0x1.57d75f6abec24p+464, 0, 0x1.429bc2d64e6b5p+8},
	{"asinh", kit_asinh, NULL, -0x1.499901459f2f0p-70, 0, -0x1.499901459f2f0p-70},
	{"asinh", kit_asinh, NULL, -0x1.8b660abf9f62ap-40, 0, -0x1.8b660abf9f62ap-40},
	{"acosh", kit_acosh, NULL, 0x1.0000000000027p+0, 0, 0x1.1a9dc8f6df100p-23},
	{"acosh", kit_acosh, NULL, 0x1.000c0db84e7a9p+0, 0, 0x1.3a3aaf174de0dp-6},
	{"acosh", kit_acosh, NULL, 0x1.3680a455c4980p+258, 0, 0x1.676faf4c75e4dp+7},
	{"acosh", kit_acosh, NULL, 0x1.000026f5520d2p+0, 0, 0x1.1a7710da2cafcp-9},
	{"acosh", kit_acosh, NULL, 0x1.43203ffed0bbep+381, 0, 0x1.0903dccb39685p+8},
	{"atanh", kit_atanh, NULL, -0x1.4019f0816ea00p-19, 0, -0x1.4019f081713b5p-19},
	{"atanh", kit_atanh, NULL, 0x1.ffffffffffa19p-1, 0, 0x1.e1c030031cf13p+3},
	{"atanh", kit_atanh, NULL, 0x1.fffffe4a1572bp-1, 0, 0x1.17c276b8b0a93p+3},
	{"atanh", kit_atanh, NULL, -0x1.aafc6e48b49a6p-1, 0, -0x1.337441a02f0bep+0},
	{"atanh", kit_atanh, NULL, 0x1.fffffffd38366p-1, 0, 0x1.68b5dee856696p+3},
	{"pow", NULL, kit_pow, 0x1.0000000000000p+1, 0x1.0000000000000p-1, 0x1.6a09e667f3bcdp+0},
	{"pow", NULL, kit_pow, 0x1.4000000000000p+3, 0x1.e000000000000p+3, 0x1.c6bf526340000p+49},
	{"pow", NULL, kit_pow, 0x1.000000006df38p+0, 0x1.2a05f20000000p+33, 0x1.5bf0aa93f93c0p+1},
	{"pow", NULL, kit_pow, 0x1.3333333333333p-2, -0x1.e000000000000p+2, 0x1.04e140cf4ea7ep+13},
	{"pow", NULL, kit_pow, 0x0.0000000000001p-1022, 0x1.0000000000000p-2, 0x1.6a09e667f3bcdp-269},
	{"pow", NULL, kit_pow, 0x1.8000000000000p+1, 0x1.4000000000000p+5, 0x1.517168a4523fdp+63},
	{"pow", NULL, kit_pow, -0x1.8000000000000p+1, 0x1.8000000000000p+1, -0x1.b000000000000p+4},
	{"pow", NULL, kit_pow, 0x1.8000000000000p+0, -0x1.f400000000000p+9, 0x1.06bdc6f923b3bp-585},
	{"atan2", NULL, kit_atan2, 0x1.0000000000000p+0, 0x1.0000000000000p+1, 0x1.dac670561bb4fp-2},
	{"atan2", NULL, kit_atan2, -0x1.8000000000000p+1, -0x1.0000000000000p-1, -0x1.bc66e44cbc074p+0},
	{"atan2", NULL, kit_atan2, 0x1.56e1fc2f8f359p-997, 0x1.7e43c8800759cp+996, 0x0.0p+0},
	{"atan2", NULL, kit_atan2, 0x1.f5aa543c31387p+665, 0x1.4e718d7d7625ap+666, 0x1.4978fa3269ee1p-1},
	{"atan2", NULL, kit_atan2, -0x1.4f8b588e368f1p-17, 0x1.c000000000000p+2, -0x1.7f7aae5961cddp-20},
	{"hypot", NULL, kit_hypot, 0x1.0000000000000p+0, 0x1.0000000000000p+1, 0x1.1e3779b97f4a8p+1},
	{"hypot", NULL, kit_hypot, -0x1.8000000000000p+1, -0x1.0000000000000p-1, 0x1.854bfb363dc39p+1},
	{"hypot", NULL, kit_hypot, 0x1.56e1fc2f8f359p-997, 0x1.7e43c8800759cp+996, 0x1.7e43c8800759cp+996},
	{"hypot", NULL, kit_hypot, 0x1.f5aa543c31387p+665, 0x1.4e718d7d7625ap+666, 0x1.a20df0dcd3af0p+666},
	{"hypot", NULL, kit_hypot, -0x1.4f8b588e368f1p-17, 0x1.c000000000000p+2, 0x1.c000000001f6ap+2},
};

static bool
same(double a, double b)
{
	return (a != a && b != b) || (a == b && signbit(a) == signbit(b));
}

static void
test_values(void)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		double		got = values[i].of != NULL ? values[i].of(values[i].x) : values[i].of_two(values[i].x, values[i].y);

		UNIT_TRY(same(got, values[i].expected), "%s of %a, %a is %a instead of %a", values[i].name, values[i].x, values[i].y, got, values[i].expected);
	}
	UNIT_PROPERTY("each value is the nearest double");
	for (int i = 0; i <= 22; i++)
		UNIT_TRY(kit_log10(kit_pow(10, i)) == i && kit_log2(ldexp(1, i * 40 - 500)) == i * 40 - 500 && kit_cbrt((double) i * i * i) == i, "exactly, for %d", i);
	UNIT_PROPERTY("what is exact comes out exactly");
}

static void
test_edges(void)
{
	const double nan = NAN;
	const double inf = INFINITY;

	UNIT_OK("nothing comes of NaN", kit_exp(nan) != kit_exp(nan) && kit_log(nan) != 0 && isnan(kit_sin(nan)) && isnan(kit_atan2(nan, 1)) && isnan(kit_cbrt(nan)) &&
			isnan(kit_sinh(nan)) && isnan(kit_tanh(nan)) && isnan(kit_asinh(nan)) && isnan(kit_hypot(nan, 1)) && isnan(kit_expm1(nan)) && isnan(kit_log1p(nan)) &&
			isnan(kit_cosh(nan)) && isnan(kit_acosh(nan)) && isnan(kit_atanh(nan)) && isnan(kit_asin(nan)) && isnan(kit_acos(nan)));
	UNIT_OK("infinities", kit_exp(inf) == inf && same(kit_exp(-inf), 0) && kit_log(inf) == inf && kit_log1p(inf) == inf && kit_expm1(-inf) == -1 && kit_cbrt(-inf) == -inf &&
			kit_hypot(-inf, nan) == inf && kit_sinh(-inf) == -inf && kit_cosh(-inf) == inf && kit_tanh(inf) == 1 && kit_asinh(-inf) == -inf && kit_acosh(inf) == inf &&
			kit_atan(inf) == 0x1.921fb54442d18p+0 && isnan(kit_sin(inf)) && isnan(kit_cos(-inf)) && isnan(kit_tan(inf)));
	UNIT_OK("overflow and underflow", kit_exp(710) == inf && same(kit_exp(-746), 0) && kit_exp(-745) == 5e-324 && kit_sinh(711) == inf && kit_cosh(710.4) < inf && kit_pow(10, 309) == inf &&
			same(kit_pow(10, -400), 0) && same(kit_pow(-10, -401), -0.0) && kit_pow(-10, 309) == -inf && kit_expm1(1000) == inf);
	UNIT_OK("outside of where they are defined", isnan(kit_log(-1)) && isnan(kit_log1p(-2)) && isnan(kit_asin(1.5)) && isnan(kit_acos(-1.5)) && isnan(kit_acosh(0.5)) &&
			isnan(kit_atanh(2)) && isnan(kit_pow(-8, 1.0 / 3)));
	UNIT_OK("poles", kit_log(0) == -inf && kit_log(-0.0) == -inf && kit_log1p(-1) == -inf && kit_atanh(1) == inf && kit_atanh(-1) == -inf && kit_pow(0, -1) == inf &&
			kit_pow(-0.0, -1) == -inf && kit_pow(-0.0, -2) == inf && kit_csc(0) == inf && kit_cot(-0.0) == -inf);
	UNIT_OK("zeros keep their sign", same(kit_sin(-0.0), -0.0) && same(kit_tan(-0.0), -0.0) && same(kit_cbrt(-0.0), -0.0) && same(kit_expm1(-0.0), -0.0) &&
			same(kit_log1p(-0.0), -0.0) && same(kit_asin(-0.0), -0.0) && same(kit_atan(-0.0), -0.0) && same(kit_sinh(-0.0), -0.0) && same(kit_tanh(-0.0), -0.0) &&
			same(kit_asinh(-0.0), -0.0) && same(kit_atanh(-0.0), -0.0) && same(kit_pow(-0.0, 3), -0.0) && same(kit_pow(-0.0, 2), 0) && same(kit_log(1), 0) && same(kit_acosh(1), 0));
	UNIT_OK("powers as in Java", kit_pow(nan, 0) == 1 && kit_pow(0, 0) == 1 && isnan(kit_pow(1, nan)) && isnan(kit_pow(1, inf)) && isnan(kit_pow(-1, -inf)) && kit_pow(2, inf) == inf &&
			same(kit_pow(2, -inf), 0) && same(kit_pow(0.5, inf), 0) && kit_pow(-inf, 3) == -inf && kit_pow(-inf, 2) == inf && same(kit_pow(-inf, -3), -0.0) && kit_pow(-1, 1e300) == 1 &&
			kit_pow(5e-324, 1) == 5e-324 && kit_pow(-2, 3) == -8 && kit_pow(0x1p-1074, -0.5) == 0x1p537);
	UNIT_OK("angles", same(kit_atan2(0, -1), 0x1.921fb54442d18p+1) && same(kit_atan2(-0.0, -1), -0x1.921fb54442d18p+1) && same(kit_atan2(-0.0, 1), -0.0) && same(kit_atan2(0, 0), 0) &&
			same(kit_atan2(inf, -inf), 0x1.2d97c7f3321d2p+1) && same(kit_atan2(1, inf), 0) && same(kit_atan2(-1, 0), -0x1.921fb54442d18p+0) && kit_atan2(5e-324, 1e300) == 0 &&
			kit_atan2(1, 5e-324) == 0x1.921fb54442d18p+0 && kit_acos(1) == 0);
	UNIT_OK("lengths", kit_hypot(0x3p600, 0x4p600) == 0x5p600 && kit_hypot(0x3p-1074, 0x4p-1074) == 0x5p-1074 && kit_hypot(0, -0.0) == 0 && kit_hypot(1e308, 1e308) > 1e308);
}

int
main(void)
{
	test_values();
	test_edges();
	return unit_done();
}

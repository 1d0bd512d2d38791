/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the other processes told.
 */
#include "firmware/control/jobs/facts.h"

#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"

static void take(struct tess_facts *facts, enum tess_process process, int64_t now_us,
		 const char *text)
{
	json_t *message = json_of(text);

	assert_int_equal(tess_facts_take(facts, process, message, now_us), 0);
	json_decref(message);
}

static void test_look_up(void **state)
{
	struct tess_facts *facts;

	(void)state;
	assert_int_equal(tess_facts_alloc(&facts), 0);
	assert_false(tess_facts_is_up(facts, TESS_PROCESS_MEDIA));
	assert_int_equal(tess_facts_since(facts, TESS_PROCESS_MEDIA), 0);
	assert_null(tess_facts_publisher(facts, 1));
	assert_null(tess_facts_live(facts, "show"));

	tess_facts_up(facts, TESS_PROCESS_MEDIA, 100);
	tess_facts_up(facts, TESS_PROCESS_EGRESS, 101);
	take(facts, TESS_PROCESS_MEDIA, 0,
	     "{'publishers':[{'id':12,'state':'receiving'},{'no':'id'},7],"
	     "'mixes':[{'id':3,'state':'running'}],'engines':[{'name':'soft'}]}");
	take(facts, TESS_PROCESS_EGRESS, 0,
	     "{'records':[{'id':5,'state':'gap'}],'live':[{'name':'show','viewers':2}]}");
	assert_json(tess_facts_publisher(facts, 12), "{'id':12,'state':'receiving'}");
	assert_null(tess_facts_publisher(facts, 1));
	assert_json(tess_facts_mix(facts, 3), "{'id':3,'state':'running'}");
	assert_json(tess_facts_record(facts, 5), "{'id':5,'state':'gap'}");
	assert_json(tess_facts_live(facts, "show"), "{'name':'show','viewers':2}");
	assert_json(tess_facts_member(facts, TESS_PROCESS_MEDIA, "engines"), "[{'name':'soft'}]");
	/* the next message is the whole truth */
	take(facts, TESS_PROCESS_MEDIA, 1, "{'publishers':'nonsense'}");
	assert_null(tess_facts_publisher(facts, 12));
	assert_null(tess_facts_member(facts, TESS_PROCESS_MEDIA, "engines"));
	/* who is away has told nothing; the other stays */
	tess_facts_down(facts, TESS_PROCESS_EGRESS, 200);
	assert_null(tess_facts_record(facts, 5));
	assert_false(tess_facts_is_up(facts, TESS_PROCESS_EGRESS));
	assert_int_equal(tess_facts_since(facts, TESS_PROCESS_EGRESS), 200);
	assert_true(tess_facts_is_up(facts, TESS_PROCESS_MEDIA));
	tess_facts_free(facts);
}

static void lost(struct tess_facts *facts, int64_t now_us, int packets, int count)
{
	char text[128];

	(void)snprintf(text, sizeof(text),
		       "{'publishers':[{'id':1,'video':{'packets':%d,'lost':%d}}]}", packets,
		       count);
	take(facts, TESS_PROCESS_MEDIA, now_us, text);
}

static void test_loss(void **state)
{
	struct tess_facts *facts;

	(void)state;
	assert_int_equal(tess_facts_alloc(&facts), 0);
	assert_true(tess_facts_loss_percent(facts, 1, "video") == 0);
	lost(facts, 0, 1000, 100); /* from before anybody looked */
	assert_true(tess_facts_loss_percent(facts, 1, "video") == 0);
	lost(facts, 1000000, 1090, 110); /* 90 came, 10 did not */
	assert_true(tess_facts_loss_percent(facts, 1, "video") == 10);
	lost(facts, 5000000, 1900, 110); /* 900 and 10 */
	lost(facts, 10000000, 2800, 110);
	/* the window of 5 to 10 s has only good ones now */
	lost(facts, 11000000, 2900, 110);
	assert_true(tess_facts_loss_percent(facts, 1, "video") == 0);
	assert_true(tess_facts_loss_percent(facts, 1, "audio") == 0);
	/* a source that began anew */
	lost(facts, 12000000, 5, 0);
	assert_true(tess_facts_loss_percent(facts, 1, "video") == 0);
	tess_facts_free(facts);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(tess_process_from_text("media"), TESS_PROCESS_MEDIA);
	assert_int_equal(tess_process_from_text("egress"), TESS_PROCESS_EGRESS);
	assert_int_equal(tess_process_from_text("control"), 0);
	assert_string_equal(tess_process_text(TESS_PROCESS_EGRESS), "egress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_up),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

"""The flows and the races of one server, through two: each request goes to the node that did not get the one before it."""

# ruff: noqa: F401, F403, F811
from test_client_assertions import holder, test_fifty_at_once_with_one_assertion_are_one, test_the_same_assertion_twice_is_refused
from test_code_flow import *
from test_openid_connect import *
from test_parallel_use import *

# The app of the demo runs in the process of the demo, which only makes the database here; and a revocation reaches the other node in
# milliseconds, not before it is acknowledged (test_changes_reach_every_node.py).
del test_the_demo_app_goes_through_the_story, test_the_whole_story_over_http  # noqa: F821

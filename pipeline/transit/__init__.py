"""Pack a timetable and a walking graph into arrays that routing reads."""
